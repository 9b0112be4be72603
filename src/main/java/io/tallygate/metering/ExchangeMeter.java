package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.client.Terms;
import io.tallygate.core.ClientId;
import io.tallygate.metering.Counters.Mark;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.MeteringProperties.CloseDurability;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Admits exchanges and counts them:
 * <ol>
 * <li>an opening is marked in Redis, or in PostgreSQL while Redis is away, before
 * anything is relayed;</li>
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

	private final RunningTotals totals;

	private final LedgerWriter ledger;

	private final Instances instances;

	private final Presence presence;

	private final OccurrenceClock clock;

	private final ServerTime time;

	private final Scheduler scheduler;

	private final MeteringProperties properties;

	private final MeteringMetrics metrics;

	/** What this instance has admitted and not closed. */
	private final Map<String, Opening> open = new ConcurrentHashMap<>();

	/** The terms of what was closed and is not written yet, for those who listen. */
	private final Map<String, Terms> closing = new ConcurrentHashMap<>();

	/** Exchanges that each client has opened here since Redis went away. */
	private final Map<ClientId, AtomicInteger> credit = new ConcurrentHashMap<>();

	/**
	 * @param time what PostgreSQL says
	 */
	ExchangeMeter(RunningTotals totals, LedgerWriter ledger, Instances instances, Presence presence,
			OccurrenceClock clock, ServerTime time, Scheduler scheduler, MeteringProperties properties,
			MeteringMetrics metrics) {
		this.totals = totals;
		this.ledger = ledger;
		this.instances = instances;
		this.presence = presence;
		this.clock = clock;
		this.time = time;
		this.scheduler = scheduler;
		this.properties = properties;
		this.metrics = metrics;
	}

	@Override
	public Mono<Void> open(Opening opening) {
		return Mono.defer(() -> {
			if (this.ledger.isFull()) {
				return Mono.error(unavailable("too many entries wait for PostgreSQL"));
			}
			this.open.put(opening.request().value(), opening);
			return markOpen(opening, openInRedis(opening).cache())
				.doOnError((error) -> this.open.remove(opening.request().value()));
		});
	}

	/**
	 * PostgreSQL is asked when Redis is late, and Redis may still come first: slow is not
	 * away, and PostgreSQL may be.
	 */
	private Mono<Void> markOpen(Opening opening, Mono<Boolean> inRedis) {
		return inRedis.timeout(this.properties.openWaitMax(), this.scheduler)
			.onErrorResume((late) -> takesCredit(opening) ? Mono.firstWithValue(openInPostgres(opening), inRedis)
					: inRedis.onErrorMap((away) -> unavailable("Redis is away and this client's credit of "
							+ this.properties.openCredit() + " exchanges is used up")))
			.timeout(this.properties.closeWaitMax(), this.scheduler)
			.onErrorMap((error) -> !(error instanceof MeteringUnavailable), (error) -> {
				logger.warn("Neither Redis nor PostgreSQL could mark an exchange open: {}", error.toString());
				return unavailable("neither Redis nor PostgreSQL answers");
			})
			.then();
	}

	private Mono<Boolean> openInRedis(Opening opening) {
		return this.totals.submit(new Operation.Open(mark(opening)))
			.flatMap((reply) -> isApplied(reply) ? Mono.just(true)
					: Mono.error(new IllegalStateException("Redis answered " + reply.result())))
			.doOnNext((marked) -> redisIsThere());
	}

	/**
	 * Credit is for one absence of Redis: what was used while it was only slow is given
	 * back.
	 */
	private void redisIsThere() {
		if (!this.credit.isEmpty()) {
			this.credit.clear();
		}
	}

	/**
	 * The wait for PostgreSQL's commit is longer than that for Redis, and every client
	 * has only so much of it.
	 */
	private boolean takesCredit(Opening opening) {
		return this.credit.computeIfAbsent(opening.terms().client(), (client) -> new AtomicInteger())
			.incrementAndGet() <= this.properties.openCredit();
	}

	private Mono<Boolean> openInPostgres(Opening opening) {
		return this.time.hear(this.instances.open(mark(opening)), (time) -> time)
			.doOnSuccess((done) -> this.metrics.openedInPostgres())
			.thenReturn(true);
	}

	@Override
	public Mono<Void> close(Opening opening, Outcome outcome) {
		return Mono.defer(() -> {
			if (this.open.remove(opening.request().value()) == null) {
				return Mono.error(new IllegalStateException(opening.request() + " is not open here"));
			}
			Entry entry = entry(opening, outcome);
			this.closing.put(opening.request().value(), opening.terms());
			Mono<Void> written = this.ledger.append(entry);
			Mono<Void> counted = count(entry);
			Mono<Void> enough = (this.properties.closeDurability() == CloseDurability.LEDGER) ? written
					: Mono.firstWithSignal(counted, written);
			return enough.timeout(this.properties.closeWaitMax(), this.scheduler)
				.onErrorMap((error) -> unavailable("neither Redis nor PostgreSQL took the entry in time"));
		});
	}

	private Entry entry(Opening opening, Outcome outcome) {
		Terms terms = opening.terms();
		Usage usage = outcome.usage();
		long quantity = (usage == null || outcome.status() == Outcome.Status.FREE) ? 0
				: terms.policy().quantity(usage, outcome.messages());
		return new Entry(opening.request(), terms.agency(), new AccountKey(terms.client(), terms.epoch()),
				opening.channel(), terms.policy().chargeBy(), quantity, this.clock.now(), this.presence.id(), outcome);
	}

	/**
	 * Never fails: what Redis does not take now it is given again when it returns, or
	 * PostgreSQL's word for it.
	 */
	private Mono<Void> count(Entry entry) {
		return this.totals.submit(new Operation.Close(entry))
			.doOnNext((reply) -> this.metrics.closed(reply.result()))
			.filter(ExchangeMeter::isApplied)
			.doOnNext((reply) -> this.ledger.keptByRedis(entry))
			.switchIfEmpty(Mono.never())
			.onErrorResume((error) -> Mono.never())
			.then();
	}

	/** The terms of an exchange that was closed here, once, when it has been written. */
	@Nullable Terms written(String request) {
		return this.closing.remove(request);
	}

	/** Whether an exchange is open here. */
	boolean holds(String request) {
		return this.open.containsKey(request);
	}

	/** What is open here. */
	Collection<Opening> open() {
		return List.copyOf(this.open.values());
	}

	/**
	 * Redis is back, perhaps with less than it had: it is given every mark and unwritten
	 * entry again. Where it has lost nothing, an entry that is old is left to the ledger:
	 * Redis may have counted it, let go of it, and forgotten that.
	 * @param isNew whether its generation is a new one
	 */
	void giveAgain(String reason, boolean isNew) {
		this.credit.clear();
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
		open().forEach((opening) -> {
			give(new Operation.Open(mark(opening)));
			this.instances.open(mark(opening)).subscribe((done) -> {
			}, (error) -> logger.warn("{} could not be marked again: {}", opening.request(), error.getMessage()));
		});
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
			case OTHER_GENERATION, REFUSED -> false;
		};
	}

	private MeteringUnavailable unavailable(String reason) {
		this.metrics.unavailable();
		return new MeteringUnavailable("Metering is not possible now: " + reason, RETRY_AFTER);
	}

}
