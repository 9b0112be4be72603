package io.tallygate.bench;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

import io.tallygate.support.Wait;

/**
 * Requests to a target, or to its replicas in turn, from one event loop: either as many
 * as a number of connections can carry, or so many a second, planned beforehand and late
 * only by the target's fault.
 */
final class Load implements AutoCloseable {

	private static final long END_MAX_SECONDS = 120;

	private static long tags;

	private final Loop loop;

	private final List<Target> replicas;

	/** Under which key the next request is sent. */
	private final Supplier<byte[]> keys;

	private final Plan plan;

	private final Tally tally = new Tally();

	private final Deque<Link> idle = new ArrayDeque<>();

	private final Deque<Call> waiting = new ArrayDeque<>();

	private final List<Link> links = new ArrayList<>();

	private final long begun = System.nanoTime();

	private final Set<Link> busy = new HashSet<>();

	private final AtomicInteger running = new AtomicInteger();

	private final AtomicInteger told = new AtomicInteger();

	private final AtomicLong sent = new AtomicLong();

	private volatile boolean isStopped;

	/**
	 * What to send.
	 *
	 * @param connections that are opened at once, and that carry as much as they can
	 * where there is no rate
	 * @param perSecond how many are begun a second, 0 for as many as can be
	 * @param most after how many it is enough, 0 for no end
	 * @param chunks of each stream, 0 for whole answers
	 * @param delayMillis between two chunks
	 */
	record Plan(int connections, int perSecond, int most, int chunks, int delayMillis) {

		/** As many whole answers as these connections can carry. */
		static Plan best(int connections) {
			return new Plan(connections, 0, 0, 0, 0);
		}

		/** So many whole answers a second. */
		static Plan fixed(int perSecond) {
			return new Plan(16, perSecond, 0, 0, 0);
		}

		/** So many streams a second. */
		static Plan streams(int perSecond, int chunks, int delayMillis) {
			return new Plan(16, perSecond, 0, chunks, delayMillis);
		}

		Plan most(int number) {
			return new Plan(this.connections, this.perSecond, number, this.chunks, this.delayMillis);
		}

		String model() {
			return (this.chunks > 0) ? "bench:c=" + this.chunks + ",d=" + this.delayMillis : "bench";
		}

	}

	private Load(Loop loop, List<Target> replicas, Supplier<byte[]> keys, Plan plan) {
		this.loop = loop;
		this.replicas = replicas;
		this.keys = keys;
		this.plan = plan;
	}

	static Load start(Loop loop, Target target, Plan plan) {
		byte[] key = target.key().getBytes(StandardCharsets.US_ASCII);
		return start(loop, List.of(target), () -> key, plan);
	}

	/**
	 * Starts one.
	 * @param replicas whose connections are opened in turn
	 * @param keys for each request another, asked on the loop
	 */
	static Load start(Loop loop, List<Target> replicas, Supplier<byte[]> keys, Plan plan) {
		Load load = new Load(loop, replicas, keys, plan);
		load.onLoop(() -> {
			for (int i = 0; i < plan.connections(); i++) {
				load.connect();
			}
			if (plan.perSecond() > 0) {
				load.next();
			}
		});
		return load;
	}

	/** Begins the next request that is due, late or not, and plans the one after it. */
	@SuppressWarnings("FutureReturnValueIgnored") // it runs until the load is stopped
	private void next() {
		long now = System.nanoTime();
		while (!this.isStopped && !isEnough() && planned() <= now) {
			begin(planned());
		}
		if (!this.isStopped && !isEnough()) {
			this.loop.thread().schedule(this::next, Math.max(0, planned() - System.nanoTime()), TimeUnit.NANOSECONDS);
		}
	}

	private boolean isEnough() {
		return this.plan.most() > 0 && this.sent.get() >= this.plan.most();
	}

	private long planned() {
		return this.begun + this.sent.get() * TimeUnit.SECONDS.toNanos(1) / this.plan.perSecond();
	}

	private void begin(long planned) {
		this.sent.incrementAndGet();
		this.running.incrementAndGet();
		Call call = call(planned);
		Link link = this.idle.poll();
		if (link != null) {
			send(link, call);
		}
		else {
			this.waiting.add(call);
			if (this.plan.perSecond() > 0) {
				connect();
			}
		}
	}

	private Call call(long planned) {
		long tag = ++tags;
		return (this.plan.chunks() == 0) ? new Call.Whole(tag, planned, this.tally)
				: new Call.Streamed(tag, planned, this.tally, this.plan.chunks(), this.told::incrementAndGet);
	}

	private void connect() {
		this.links.add(Link.open(this.loop, this.replicas.get(this.links.size() % this.replicas.size()), this::isIdle,
				(why) -> {
					this.tally.wrong("No connection: " + why);
					Call call = this.waiting.poll();
					if (call != null) {
						this.running.decrementAndGet();
					}
				}));
	}

	private void isIdle(Link link) {
		if (this.busy.remove(link)) {
			this.running.decrementAndGet();
		}
		Call call = this.waiting.poll();
		if (call != null) {
			send(link, call);
		}
		else {
			this.idle.add(link);
			if (this.plan.perSecond() == 0 && !this.isStopped) {
				begin(System.nanoTime());
			}
		}
	}

	private void send(Link link, Call call) {
		this.busy.add(link);
		link.send(call, this.keys.get(), Wanted.request(this.plan.model(), this.plan.chunks() > 0, call.tag));
	}

	/** How many were begun. */
	long sent() {
		return this.sent.get();
	}

	/** Whether an answer was wrong. */
	boolean hasFailed() {
		return this.tally.fault != null;
	}

	/** How many streams have shown their first chunk. */
	int told() {
		return this.told.get();
	}

	/** Times count from now on. */
	void beginCounting() {
		onLoop(this.tally::begin);
	}

	/** They no longer do. */
	void endCounting() {
		onLoop(this.tally::end);
	}

	/** All clients hang up, in the middle of their answers. */
	void leave() {
		this.isStopped = true;
		onLoop(() -> {
			this.links.forEach(Link::leave);
			this.running.set(0);
		});
	}

	/** Lets what runs come to its end, and gives what was seen. */
	Tally end() {
		this.isStopped = true;
		long latest = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_MAX_SECONDS);
		while (this.running.get() > 0 && System.nanoTime() < latest && this.tally.fault == null) {
			Wait.pause(20);
		}
		onLoop(() -> {
			if (this.running.get() > 0 && this.tally.fault == null) {
				this.tally.wrong(this.running.get() + " answers without an end");
			}
		});
		return this.tally;
	}

	private void onLoop(Runnable what) {
		this.loop.thread().submit(what).syncUninterruptibly();
	}

	@Override
	public void close() {
		onLoop(() -> this.links.forEach(Link::leave));
	}

}
