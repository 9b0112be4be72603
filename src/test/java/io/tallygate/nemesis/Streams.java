package io.tallygate.nemesis;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import io.netty.channel.EventLoopGroup;
import io.tallygate.nemesis.Attempt.Ending;
import io.tallygate.nemesis.Attempt.Use;

/**
 * Long streams, so many open at every time: where one ends, the next begins. Each takes
 * some seconds, so that of those that a stopping gateway has, some end within its grace
 * and some do not.
 */
final class Streams implements AutoCloseable {

	private static final int CHUNK_MILLIS = 500;

	private static final int CHUNKS_MIN = 8;

	private static final int CHUNKS_MAX = 24;

	/** So that they do not begin all at once, and so not end so either. */
	private static final int BETWEEN_FIRST_ONES_MILLIS = 8;

	/** A pause after one that was refused. */
	private static final int AGAIN_MILLIS = 250;

	private final Load load;

	private final EventLoopGroup loops;

	private final List<Customer> customers;

	private final int count;

	private final Random random;

	private final Set<Attempt> running = ConcurrentHashMap.newKeySet();

	private final Queue<Attempt> ended = new ConcurrentLinkedQueue<>();

	private volatile boolean isGoingOn;

	/**
	 * @param count streams that are to be open; as some are always about to begin, a few
	 * more than that run
	 */
	Streams(Load load, EventLoopGroup loops, List<Customer> customers, int count, long seed) {
		this.load = load;
		this.loops = loops;
		this.customers = customers;
		this.count = count;
		this.random = new Random(seed);
	}

	/** Begins them. */
	void start() {
		this.isGoingOn = true;
		int more = this.count / 6 + 2;
		for (int i = 0; i < this.count + more; i++) {
			this.loops.next().schedule(this::begin, (long) i * BETWEEN_FIRST_ONES_MILLIS, TimeUnit.MILLISECONDS);
		}
	}

	/** Begins no more; what runs goes on to its end. */
	void stop() {
		this.isGoingOn = false;
	}

	private void begin() {
		if (!this.isGoingOn) {
			return;
		}
		Customer customer;
		Model model;
		synchronized (this.random) {
			customer = this.customers.get(this.random.nextInt(this.customers.size()));
			model = Model.stream(CHUNKS_MIN + this.random.nextInt(CHUNKS_MAX - CHUNKS_MIN), CHUNK_MILLIS);
		}
		Attempt begun = this.load.open(customer, Use.STREAM, model, this::ended);
		this.running.add(begun);
		if (begun.isOver()) {
			// It ended before it was added.
			this.running.remove(begun);
		}
	}

	private void ended(Attempt attempt) {
		this.running.remove(attempt);
		this.ended.add(attempt);
		this.loops.next()
			.schedule(this::begin, (attempt.ending() == Ending.COMPLETE) ? 0 : AGAIN_MILLIS, TimeUnit.MILLISECONDS);
	}

	/** Those whose answer has begun and not ended. */
	List<Attempt> open() {
		return this.running.stream().filter((attempt) -> attempt.isAnswered() && !attempt.isOver()).toList();
	}

	/** Whether as many are open as there are to be. */
	boolean areAllOpen() {
		return open().size() >= this.count;
	}

	/** Those that have ended since this was asked last. */
	List<Attempt> takeEnded() {
		List<Attempt> taken = new ArrayList<>();
		for (Attempt next = this.ended.poll(); next != null; next = this.ended.poll()) {
			taken.add(next);
		}
		return taken;
	}

	@Override
	public void close() {
		stop();
	}

}
