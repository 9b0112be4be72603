package io.tallygate.metering;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

import io.tallygate.core.AgreedClock;
import io.tallygate.core.Ids;
import io.tallygate.core.NaturalBatch;
import io.tallygate.metering.Counters.Holding;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Replies;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.Result;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Redis as the meter uses it: operations leave in natural batches, under the generation
 * that we know Redis to be in.
 * <p>
 * A call without an answer, a new connection and a foreign generation all lead to the
 * same place: Redis counts as away until it has been asked who it is. If it is not the
 * server that began its generation, or has none, it has lost something: what it says is
 * written down, a new generation begins, and whoever holds marks and unwritten entries is
 * told to give them again.
 */
class RunningTotals {

	private static final Logger logger = LoggerFactory.getLogger(RunningTotals.class);

	private static final Duration ASK_AGAIN = Duration.ofMillis(250);

	/** Whoever is asked who he is has answered by then, or does not answer. */
	private static final Duration ASKING = Duration.ofMillis(200);

	/**
	 * What waited for longer belongs to a process that stood still: what it decided then
	 * may be wrong by now, as Redis knows a closed exchange for five minutes only.
	 */
	static final Duration WAITED_MAX = Duration.ofSeconds(30);

	private static final int BATCH_MAX = 256;

	private static final int WAITING_MAX = 200_000;

	/** Redis counts as away meanwhile; and PostgreSQL may be away too. */
	private static final Duration WRITING_DOWN_MAX = Duration.ofSeconds(1);

	private final Counters counters;

	private final Ids ids;

	private final Scheduler scheduler;

	private final NaturalBatch<Submitted, Reply> batches;

	private final AtomicReference<@Nullable String> generation = new AtomicReference<>();

	/**
	 * How often there was a reason to ask; whoever raises it from zero asks until no new
	 * reason has come.
	 */
	private final AtomicInteger reasons = new AtomicInteger();

	private volatile @Nullable String lastGeneration;

	private volatile long awaySince;

	private volatile boolean closed;

	private GenerationListener onGeneration = (reason, isNew) -> {
	};

	private Function<Holding, Mono<Void>> beforeGeneration = (seen) -> Mono.empty();

	/**
	 * What was written down last, so that an attempt that fails and is repeated is not
	 * again.
	 */
	private volatile @Nullable Holding writtenDown;

	private final ServerTime time;

	RunningTotals(Counters counters, AgreedClock clock, Ids ids, Scheduler scheduler) {
		this.counters = counters;
		this.time = new ServerTime(clock, () -> true);
		this.ids = ids;
		this.scheduler = scheduler;
		this.batches = new NaturalBatch<>(BATCH_MAX, WAITING_MAX, this::run);
	}

	/** Called each time that Redis may not have what we gave it. */
	void onGeneration(GenerationListener listener) {
		this.onGeneration = listener;
	}

	/** Called before a new generation begins, with what was seen of Redis. */
	void beforeGeneration(Function<Holding, Mono<Void>> listener) {
		this.beforeGeneration = listener;
	}

	/** Asks Redis who it is, and again on every connection. */
	void start() {
		this.counters.onChange(() -> away("a connection that was made or lost"));
		away("the start");
	}

	void stop() {
		this.closed = true;
	}

	/** Runs {@code operation} with the next batch; fails at once while Redis is away. */
	Mono<Reply> submit(Operation operation) {
		return (this.generation.get() != null)
				? this.batches.submit(new Submitted(operation, this.time.clock().nanos())) : Mono.error(new Away());
	}

	boolean isAway() {
		return this.generation.get() == null;
	}

	/** Whether Redis is being asked who it is, and may be back in a moment. */
	boolean isBeingAsked() {
		return isAway() && this.time.clock().nanos() - this.awaySince < ASKING.toNanos();
	}

	/** Operations without an answer. */
	long waiting() {
		return this.batches.waiting();
	}

	/** The first has waited for longest. */
	private Mono<List<Reply>> run(List<Submitted> submitted) {
		if (this.time.clock().nanos() - submitted.get(0).at() > WAITED_MAX.toNanos()) {
			away("a standstill");
		}
		String current = this.generation.get();
		if (current == null) {
			return Mono.error(new Away());
		}
		List<Operation> operations = submitted.stream().map(Submitted::operation).toList();
		return this.time.hear(this.counters.run(current, operations), Replies::time).map((answer) -> {
			if (answer.replies().stream().anyMatch((reply) -> reply.result() == Result.OTHER_GENERATION)) {
				away("another generation");
			}
			return answer.replies();
		}).doOnError((error) -> away(String.valueOf(error.getMessage())));
	}

	private void away(String reason) {
		if (this.generation.getAndSet(null) != null) {
			this.awaySince = this.time.clock().nanos();
		}
		if (!this.closed && this.reasons.getAndIncrement() == 0) {
			ask(reason);
		}
	}

	private void ask(String reason) {
		int answered = this.reasons.get();
		Mono.defer(() -> settle(reason))
			.retryWhen(Retry.fixedDelay(Long.MAX_VALUE, ASK_AGAIN)
				.scheduler(this.scheduler)
				.filter((error) -> !this.closed))
			.publishOn(this.scheduler)
			.subscribe((holding) -> {
				if (this.reasons.addAndGet(-answered) == 0) {
					adopt(holding);
				}
				else {
					ask("a change while it was asked");
				}
			}, (error) -> logger.info("Stopped asking for Redis: {}", error.getMessage()));
	}

	private Mono<Holding> settle(String reason) {
		return this.counters.holding().flatMap((seen) -> {
			if (seen.isIntact()) {
				return Mono.just(seen);
			}
			return writtenDown(seen).then(Mono.defer(() -> this.counters.begin(this.ids.next("gen_"), seen)))
				.filter(Holding::isIntact)
				.switchIfEmpty(Mono
					.error(() -> new IllegalStateException("Redis changed while " + reason + " was looked at")));
		});
	}

	/** Once; a generation begins whether or not that succeeds. */
	private Mono<Void> writtenDown(Holding seen) {
		if (seen.equals(this.writtenDown)) {
			return Mono.empty();
		}
		this.writtenDown = seen;
		if (seen.server0() == null && seen.generation() == null) {
			logger.info("Redis {} holds no counters yet, or no more: a generation begins", seen.server());
		}
		else {
			logger.warn("Redis {} holds counters that {} began: it may have lost some, a new generation begins",
					seen.server(), seen.server0());
		}
		return Mono.defer(() -> this.beforeGeneration.apply(seen))
			.timeout(WRITING_DOWN_MAX, this.scheduler)
			.onErrorResume((error) -> {
				logger.warn("What Redis {} said before its new generation could not be written down: {}", seen.server(),
						error.getMessage());
				return Mono.empty();
			});
	}

	private void adopt(Holding holding) {
		String adopted = holding.generation();
		boolean isNew = !java.util.Objects.equals(adopted, this.lastGeneration);
		this.lastGeneration = adopted;
		this.writtenDown = null;
		this.generation.set(adopted);
		this.onGeneration.adopted(isNew ? "generation " + adopted : "a connection", isNew);
	}

	/**
	 * An operation that waits for its batch.
	 *
	 * @param operation to be run
	 * @param at since when, by the counter that nobody sets
	 */
	private record Submitted(Operation operation, long at) {
	}

	/** Told when Redis may not have what it was given. */
	interface GenerationListener {

		/**
		 * It counts under a generation.
		 * @param reason why that matters
		 * @param isNew whether it is another than before, so that nothing of ours is in
		 * it
		 */
		void adopted(String reason, boolean isNew);

	}

	/** Redis is away, or has not been asked yet who it is. */
	static final class Away extends RuntimeException {

		private static final long serialVersionUID = 1L;

		Away() {
			super("Redis is away", null, false, false);
		}

	}

}
