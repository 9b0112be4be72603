package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.tallygate.client.Periods;
import io.tallygate.client.Terms;
import io.tallygate.core.Late;
import io.tallygate.metering.Admission.Admitted;
import io.tallygate.metering.Counters.Mark;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.TokenUse;
import io.tallygate.metering.MeteringProperties.CloseDurability;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Admits exchanges and counts them:
 * <ol>
 * <li>an opening is checked against its client's limits and marked in Redis, or within a
 * credit in PostgreSQL while Redis is away, before anything is relayed;</li>
 * <li>a closing fixes the entry, once and for all;</li>
 * <li>the entry is given to the ledger, whatever Redis says;</li>
 * <li>and to Redis, where the running total rises and the mark goes;</li>
 * <li>whichever of the two has it first lets the client see the end of its answer.</li>
 * </ol>
 * So who has seen a complete answer has been counted.
 */
class ExchangeMeter implements Meter {

	private static final Logger logger = LoggerFactory.getLogger(ExchangeMeter.class);

	private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

	/** Redis knows a closed exchange for five minutes. */
	private static final Duration CLOSE_AGAIN_MAX = Duration.ofMinutes(4);

	/** What is beyond, the sweeper strikes when it is old enough. */
	private static final int GIVEN_UP_MAX = 10_000;

	private final RunningTotals totals;

	private final LedgerWriter ledger;

	private final Instances instances;

	private final Presence presence;

	private final OccurrenceClock clock;

	private final ServerTime time;

	private final Scheduler scheduler;

	private final MeteringProperties properties;

	private final MeteringMetrics metrics;

	private final Periods periods;

	private final Admissions admissions;

	private final Credit credit;

	/** What this instance has admitted and not closed. */
	private final Map<String, Opening> open = new ConcurrentHashMap<>();

	/** What was refused, and a store may have marked all the same. */
	private final Map<String, Mark> givenUp = new ConcurrentHashMap<>();

	/** What was closed and is not written yet. */
	private final Map<String, Opening> closing = new ConcurrentHashMap<>();

	/**
	 * @param time what PostgreSQL says
	 */
	ExchangeMeter(RunningTotals totals, LedgerWriter ledger, Instances instances, Presence presence,
			OccurrenceClock clock, ServerTime time, Scheduler scheduler, MeteringProperties properties,
			MeteringMetrics metrics, Periods periods) {
		this.totals = totals;
		this.ledger = ledger;
		this.instances = instances;
		this.presence = presence;
		this.clock = clock;
		this.time = time;
		this.scheduler = scheduler;
		this.properties = properties;
		this.metrics = metrics;
		this.periods = periods;
		this.admissions = new Admissions(totals, ledger, periods, clock, time.clock(), scheduler);
		this.credit = new Credit(ledger, presence, periods, clock, properties.openCredit());
	}

	@Override
	public Mono<Admission> open(Opening opening) {
		return Mono.defer(() -> {
			if (this.ledger.isFull()) {
				return Mono.error(unavailable("too many entries wait for PostgreSQL"));
			}
			String markedAs = this.presence.id();
			return markOpen(opening, openInRedis(opening).cache())
				.doOnNext((admission) -> settle(opening, admission, markedAs))
				.doOnError((error) -> giveUp(opening));
		});
	}

	/**
	 * PostgreSQL is asked when Redis is late, and Redis may still come first: slow is not
	 * away, and PostgreSQL may be. So does a refusal of ours wait for Redis, which knows
	 * better. And a client with limits waits for Redis until that counts as away, because
	 * those who are admitted past it are counted apart.
	 */
	private Mono<Admission> markOpen(Opening opening, Mono<Admission> inRedis) {
		Mono<Admission> inTime = opening.terms().limits().refuseNothing()
				? Mono.firstWithSignal(inRedis, Late.after(this.properties.openWaitMax(), this.scheduler)) : inRedis;
		Mono<Admission> inEither = inTime.onErrorResume((late) -> this.credit.take(opening)
			.flatMap((admission) -> (admission instanceof Admitted)
					? Mono.firstWithValue(openInPostgres(opening).thenReturn(admission), inRedis)
					: inRedis.onErrorReturn(admission))
			.onErrorResume(Credit.UsedUp.class,
					(usedUp) -> inRedis.onErrorMap((away) -> unavailable(String.valueOf(usedUp.getMessage())))));
		return Mono.firstWithSignal(inEither, Late.after(this.properties.closeWaitMax(), this.scheduler))
			.onErrorMap((error) -> !(error instanceof MeteringUnavailable), (error) -> {
				logger.warn("Neither Redis nor PostgreSQL could mark an exchange open: {}", error.toString());
				return unavailable("neither Redis nor PostgreSQL answers");
			});
	}

	private Mono<Admission> openInRedis(Opening opening) {
		return this.admissions.open(mark(opening), opening).doOnNext((admission) -> this.credit.redisIsThere());
	}

	private Mono<Void> openInPostgres(Opening opening) {
		return this.time.hear(this.instances.open(mark(opening)), (time) -> time)
			.doOnSuccess((done) -> this.metrics.openedInPostgres())
			.then();
	}

	/** Its mark may name an id that was ours when it left, and is dead now. */
	private void settle(Opening opening, Admission admission, String markedAs) {
		if (admission instanceof Admitted) {
			this.open.put(opening.request().value(), opening);
			this.credit.admitted(opening);
			if (!markedAs.equals(this.presence.id())) {
				markAgain(opening);
			}
		}
		else {
			this.credit.released(opening);
		}
	}

	/**
	 * Redis may have marked it and nobody heard: what it reserves there must not wait for
	 * the sweeper.
	 */
	private void giveUp(Opening opening) {
		this.credit.released(opening);
		Mark mark = mark(opening);
		if (this.givenUp.size() < GIVEN_UP_MAX) {
			this.givenUp.put(mark.request(), mark);
		}
		give(new Operation.Strike(mark.account(), mark.request()));
	}

	/**
	 * One round: what was refused loses the marks that a store made of it all the same,
	 * until both have heard. If our lease lapsed meanwhile, somebody may have taken it
	 * for ours when we died; an exchange that was never relayed is no orphan.
	 */
	Mono<Void> takeBack() {
		Map<String, Mark> marks = Map.copyOf(this.givenUp);
		if (marks.isEmpty() || this.totals.isAway()) {
			return Mono.empty();
		}
		return Flux.fromIterable(marks.values())
			.flatMap((mark) -> this.totals.submit(new Operation.Strike(mark.account(), mark.request())))
			.all(ExchangeMeter::isApplied)
			.filter((struck) -> struck)
			.flatMap((struck) -> this.instances.takeBack(marks.keySet()).thenReturn(struck))
			.doOnNext((done) -> this.givenUp.keySet().removeAll(marks.keySet()))
			.then();
	}

	@Override
	public Mono<Void> close(Opening opening, Outcome outcome) {
		return Mono.defer(() -> {
			if (this.open.remove(opening.request().value()) == null) {
				return Mono.error(new IllegalStateException(opening.request() + " is not open here"));
			}
			Entry entry = entry(opening, outcome);
			this.closing.put(opening.request().value(), opening);
			Mono<Void> written = this.ledger.append(entry);
			Mono<Void> counted = count(entry, tokens(opening, outcome));
			Mono<Void> late = Late.after(this.properties.closeWaitMax(), this.scheduler);
			boolean redisSuffices = this.properties.closeDurability() == CloseDurability.REDIS;
			return Mono.firstWithSignal(redisSuffices ? counted : counted.then(Mono.never()), written, late)
				.onErrorMap((error) -> unavailable("neither Redis nor PostgreSQL took the entry in time"));
		});
	}

	private Entry entry(Opening opening, Outcome outcome) {
		Terms terms = opening.terms();
		Usage usage = outcome.usage();
		long quantity = (usage == null || outcome.status() == Outcome.Status.FREE) ? 0
				: terms.policy().quantity(usage, outcome.messages());
		Instant now = this.clock.now();
		return new Entry(opening.request(), terms.agency(), new AccountKey(terms.client(), terms.epoch()),
				opening.channel(), terms.policy().chargeBy(), quantity, now,
				this.periods.at(terms.client(), now).start(), this.presence.id(), outcome);
	}

	private @Nullable TokenUse tokens(Opening opening, Outcome outcome) {
		Usage usage = outcome.usage();
		long used = (usage != null) ? usage.totalTokens() : 0;
		Long perMinute = opening.terms().limits().tokensPerMinute();
		this.credit.closed(opening, used);
		return (perMinute != null) ? new TokenUse(perMinute, opening.tokensReserved(), used) : null;
	}

	/**
	 * Never fails: what Redis does not take now it is given again when it returns, or
	 * PostgreSQL's word for it.
	 */
	private Mono<Void> count(Entry entry, @Nullable TokenUse tokens) {
		return this.totals.submit(new Operation.Close(entry, tokens))
			.doOnNext((reply) -> this.metrics.closed(reply.result()))
			.filter(ExchangeMeter::isApplied)
			.doOnNext((reply) -> this.ledger.keptByRedis(entry))
			.switchIfEmpty(Mono.never())
			.onErrorResume((error) -> Mono.never())
			.then();
	}

	/** The terms of an exchange that was closed here, once, when it has been written. */
	@Nullable Terms written(String request) {
		Opening opening = this.closing.remove(request);
		if (opening == null) {
			return null;
		}
		this.credit.released(opening);
		return opening.terms();
	}

	/** Whether an exchange is open here. */
	boolean holds(String request) {
		return this.open.containsKey(request);
	}

	/** What clients with a cap reserve here, in thousandths. */
	long reserved() {
		return this.credit.held();
	}

	/** What is open here. */
	Collection<Opening> open() {
		return List.copyOf(this.open.values());
	}

	/**
	 * Redis is back, perhaps with less than it had: it is given every mark and unwritten
	 * entry again, and told what was written meanwhile. Where it has lost nothing, an
	 * entry that is old is left to the ledger: Redis may have counted it, let go of it,
	 * and forgotten that.
	 * @param isNew whether its generation is a new one
	 */
	void giveAgain(String reason, boolean isNew) {
		if (isNew) {
			this.admissions.newGeneration();
		}
		this.credit.redisIsThere();
		this.ledger.forgottenByRedis();
		Instant young = this.time.clock().instant().minus(CLOSE_AGAIN_MAX);
		Collection<Opening> marks = open();
		List<Entry> entries = this.ledger.unwritten()
			.stream()
			.filter((entry) -> isNew || entry.occurredAt().isAfter(young))
			.toList();
		if (!marks.isEmpty() || !entries.isEmpty()) {
			logger.info("After {} Redis is given {} marks and {} entries again", reason, marks.size(), entries.size());
		}
		marks.forEach((opening) -> give(new Operation.Open(mark(opening))));
		entries.forEach((entry) -> give(new Operation.Close(entry), () -> this.ledger.keptByRedis(entry)));
		this.ledger.acknowledgeAgain();
	}

	/**
	 * This instance has a new id: what it holds is marked under it, wherever that is
	 * possible.
	 */
	void markAgain() {
		open().forEach(this::markAgain);
	}

	private void markAgain(Opening opening) {
		give(new Operation.Open(mark(opening)));
		this.instances.open(mark(opening)).subscribe((done) -> {
		}, (error) -> logger.warn("{} could not be marked again: {}", opening.request(), error.getMessage()));
	}

	/**
	 * Of what is open here Redis has these marks; it is given the others. A mark that
	 * came meanwhile is not harmed.
	 */
	void markWhatIsNot(Set<String> marked) {
		open().stream()
			.filter((opening) -> !marked.contains(opening.request().value()))
			.forEach((opening) -> give(new Operation.Open(mark(opening))));
	}

	private void give(Operation operation) {
		give(operation, () -> {
		});
	}

	private void give(Operation operation, Runnable whenApplied) {
		this.totals.submit(operation)
			.filter(ExchangeMeter::isApplied)
			.subscribe((reply) -> whenApplied.run(),
					(error) -> logger.debug("Not given to Redis again: {}", error.getMessage()));
	}

	private Mark mark(Opening opening) {
		Terms terms = opening.terms();
		return new Mark(opening.request().value(), terms.agency().value(),
				new AccountKey(terms.client(), terms.epoch()), opening.channel().value(), this.presence.id(),
				opening.reservation(), opening.at());
	}

	private static boolean isApplied(Reply reply) {
		return switch (reply.result()) {
			case APPLIED, APPLIED_WITHOUT_MARK, KNOWN -> true;
			case CAP_REACHED, RATE_EXCEEDED, USE_UNKNOWN, OTHER_GENERATION, REFUSED -> false;
		};
	}

	private MeteringUnavailable unavailable(String reason) {
		this.metrics.unavailable();
		return new MeteringUnavailable("Metering is not possible now: " + reason, RETRY_AFTER);
	}

}
