package io.tallygate.nemesis;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.ScheduledFuture;
import io.tallygate.nemesis.Attempt.Ending;
import io.tallygate.nemesis.Attempt.Use;
import io.tallygate.sandbox.provider.Transcript;

/**
 * Apps at a steady pace, whatever becomes of them: they wait for whole answers, read
 * streams, read slowly, or hang up. Like an SDK they try again what was refused or failed
 * on our side: with another gateway where they choose it as a balancer does, or where
 * there is a balancer with whomever that takes.
 */
final class Load implements AutoCloseable {

	private static final int TICK_MILLIS = 10;

	/** Further tries of one request. */
	private static final int RETRIES_MAX = 2;

	private static final int RETRY_MILLIS = 100;

	/** A balancer sends nothing to one that refused so lately, or that holds so much. */
	private static final int SHUNNED_MILLIS = 500;

	private static final int UNDER_WAY_AT_ONE_MAX = 300;

	/** Apps that wait for so much ask for nothing more: an outage is no storm as well. */
	private static final int UNDER_WAY_MAX = 400;

	private final EventLoopGroup loops;

	private final List<App> apps;

	private final boolean isBalanced;

	private final List<Customer> customers;

	private final int perSecond;

	private final Random random;

	private final AtomicLong numbers = new AtomicLong();

	private final Map<Long, Attempt> underWay = new ConcurrentHashMap<>();

	private final Map<String, Attempt> unjudged = new ConcurrentHashMap<>();

	private final LongAdder retries = new LongAdder();

	private final LongAdder errors = new LongAdder();

	private final LongAdder complete = new LongAdder();

	/** Answers, by whom a balancer had asked last. */
	private final Map<String, LongAdder> answers = new ConcurrentHashMap<>();

	/** Under way beside the pace. */
	private final AtomicInteger extra = new AtomicInteger();

	private final long[] shunnedUntil;

	private volatile boolean isProviderCutOff;

	private long startedNanos;

	private long due;

	private ScheduledFuture<?> pace;

	private Load(EventLoopGroup loops, List<Integer> ports, boolean isBalanced, List<Customer> customers, int perSecond,
			long seed) {
		this.loops = loops;
		this.apps = ports.stream().map((port) -> new App(loops, port)).toList();
		this.isBalanced = isBalanced;
		this.shunnedUntil = new long[ports.size()];
		this.customers = List.copyOf(customers);
		this.perSecond = perSecond;
		this.random = new Random(seed);
	}

	/**
	 * On the gateways themselves.
	 * @param customers whose apps they are
	 */
	static Load on(Scene scene, List<Customer> customers, int perSecond, long seed) {
		return new Load(scene.loops(), scene.gateways().stream().map(Gateway::port).toList(), false, customers,
				perSecond, seed);
	}

	/**
	 * Through what stands before the gateways.
	 * @param port of it
	 * @param customers whose apps they are
	 */
	static Load through(Scene scene, int port, List<Customer> customers, int perSecond, long seed) {
		return new Load(scene.loops(), List.of(port), true, customers, perSecond, seed);
	}

	/** Begins, or goes on. */
	synchronized void start() {
		this.startedNanos = System.nanoTime();
		this.due = 0;
		this.pace = this.loops.next().scheduleAtFixedRate(this::tick, 0, TICK_MILLIS, TimeUnit.MILLISECONDS);
	}

	/** Begins nothing more. */
	synchronized void stop() {
		if (this.pace != null) {
			this.pace.cancel(false);
			this.pace = null;
		}
	}

	/** What could not be begun in time is left out. */
	private void tick() {
		long wanted = (System.nanoTime() - this.startedNanos) * this.perSecond / TimeUnit.SECONDS.toNanos(1);
		long behind = wanted - this.due;
		this.due = wanted;
		long room = Math.min(UNDER_WAY_MAX + this.extra.get() - this.underWay.size(), this.perSecond / 5 + 1);
		for (long i = 0; i < Math.min(behind, room); i++) {
			Use use = use();
			ask(this.customers.get(this.random.nextInt(this.customers.size())), use, Model.any(use, this.random), -1,
					RETRIES_MAX);
		}
	}

	private Use use() {
		int dice = this.random.nextInt(1000);
		return (dice < 560) ? Use.WHOLE : (dice < 900) ? Use.STREAM : (dice < 995) ? Use.HANG_UP : Use.SLOW;
	}

	private void ask(Customer customer, Use use, Model model, int notGateway, int retriesLeft) {
		Attempt attempt = attempt(customer, use, model, notGateway);
		app(attempt).ask(attempt, () -> ended(attempt, retriesLeft));
	}

	/** One beside the pace, which is not tried again. */
	Attempt open(Customer customer, Use use, Model model, Consumer<Attempt> ended) {
		Attempt attempt = attempt(customer, use, model, -1);
		this.extra.incrementAndGet();
		app(attempt).ask(attempt, () -> {
			this.extra.decrementAndGet();
			ended(attempt, 0);
			ended.accept(attempt);
		});
		return attempt;
	}

	private Attempt attempt(Customer customer, Use use, Model model, int notGateway) {
		int gateway = this.isBalanced ? Attempt.ANY_GATEWAY : gateway(notGateway);
		Attempt attempt = new Attempt(this.numbers.incrementAndGet(), customer, gateway, use, model);
		if (this.isProviderCutOff) {
			attempt.providerCutOff();
		}
		this.underWay.put(attempt.number(), attempt);
		this.unjudged.put(attempt.tag(), attempt);
		return attempt;
	}

	private App app(Attempt attempt) {
		return this.apps.get(this.isBalanced ? 0 : attempt.gateway());
	}

	private synchronized int gateway(int not) {
		long now = System.currentTimeMillis();
		int first = this.random.nextInt(this.apps.size());
		for (int i = 0; i < this.apps.size(); i++) {
			int gateway = (first + i) % this.apps.size();
			if (gateway != not && this.shunnedUntil[gateway] < now
					&& this.apps.get(gateway).underWay() < UNDER_WAY_AT_ONE_MAX) {
				return gateway;
			}
		}
		return first;
	}

	private void ended(Attempt attempt, int retriesLeft) {
		this.underWay.remove(attempt.number());
		Ending ending = attempt.ending();
		if (ending == Ending.COMPLETE) {
			this.complete.increment();
			this.answers.computeIfAbsent(attempt.upstream(), (upstream) -> new LongAdder()).increment();
		}
		if (ending == Ending.REFUSED && !this.isBalanced) {
			synchronized (this) {
				this.shunnedUntil[attempt.gateway()] = System.currentTimeMillis() + SHUNNED_MILLIS;
			}
		}
		// What the provider said is passed on with its own id, and is no failure of ours.
		boolean isOurError = ending == Ending.ERROR && attempt.status() >= 500 && attempt.providerRequestId().isEmpty();
		if (isOurError) {
			this.errors.increment();
		}
		boolean isTriedAgain = isOurError || ending == Ending.REFUSED
				|| (ending == Ending.CUT && attempt.requestId().isEmpty());
		if (isTriedAgain && retriesLeft > 0) {
			this.retries.increment();
			this.loops.next()
				.schedule(() -> ask(attempt.customer(), attempt.use(), attempt.model(), attempt.gateway(),
						retriesLeft - 1), RETRY_MILLIS, TimeUnit.MILLISECONDS);
		}
	}

	/**
	 * This gateway is dead: whoever waits for it will see it, and what it went on reading
	 * for those who had hung up ends too.
	 */
	void died(Gateway gateway) {
		this.unjudged.values()
			.stream()
			.filter((attempt) -> attempt.mayBeAt(gateway))
			.forEach((attempt) -> attempt.gatewayDied(gateway));
	}

	/** Something is being done to the way to the provider, or is no more. */
	void providerCutOff(boolean isCutOff) {
		this.isProviderCutOff = isCutOff;
		this.unjudged.values().forEach(Attempt::providerCutOff);
	}

	/** Whether all that was begun before this has ended. */
	boolean hasEndedAllBefore(long millis) {
		return this.underWay.values().stream().allMatch((attempt) -> attempt.begunMillis() >= millis);
	}

	/** Attempts that were begun before this and not judged yet. */
	List<Attempt> unjudgedBefore(long millis) {
		return this.unjudged.values().stream().filter((attempt) -> attempt.begunMillis() < millis).toList();
	}

	/** Hears what the provider told one of its apps. */
	void told(Transcript.Answer answer) {
		Attempt attempt = this.unjudged.get(answer.user());
		if (attempt != null) {
			attempt.told(answer);
		}
	}

	/** They need not be remembered. */
	void judged(Collection<Attempt> attempts) {
		new ArrayList<>(attempts).forEach((attempt) -> this.unjudged.remove(attempt.tag()));
	}

	int underWay() {
		return this.underWay.size();
	}

	/** At one gateway. */
	int underWay(Gateway gateway) {
		return (int) this.underWay.values().stream().filter((attempt) -> attempt.mayBeAt(gateway)).count();
	}

	/** Requests begun so far, tries again included. */
	long attempts() {
		return this.numbers.get();
	}

	long complete() {
		return this.complete.sum();
	}

	/** Complete answers of this gateway, as a balancer says. */
	long answers(Gateway gateway) {
		return this.answers.entrySet()
			.stream()
			.filter((upstream) -> upstream.getKey().endsWith(":" + gateway.port()))
			.mapToLong((upstream) -> upstream.getValue().sum())
			.sum();
	}

	long retries() {
		return this.retries.sum();
	}

	/** Errors of ours with a status of 500 or more. */
	long errors() {
		return this.errors.sum();
	}

	@Override
	public void close() {
		stop();
		this.apps.forEach(App::close);
	}

}
