package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

import io.tallygate.metering.Counters.Mark;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Pending;
import io.tallygate.metering.MeteringMetrics.PendingEntries;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Tidies up after instances that died, and after our own lost calls:
 * <ol>
 * <li>an entry that Redis still keeps, and that nobody alive holds, is written to the
 * ledger;</li>
 * <li>a mark of a dead instance becomes an orphan, listed and never billed;</li>
 * <li>a mark of our own that nothing here holds is struck, and one that Redis lacks is
 * given to it again.</li>
 * </ol>
 * Entries come first, so that what was counted is not called an orphan.
 */
class Sweeper {

	private static final Logger logger = LoggerFactory.getLogger(Sweeper.class);

	private final Counters counters;

	private final RunningTotals totals;

	private final Instances instances;

	private final Presence presence;

	private final LedgerWriter ledger;

	private final ExchangeMeter meter;

	private final InstantSource clock;

	private final Duration markGrace;

	private final MeteringMetrics metrics;

	Sweeper(Counters counters, RunningTotals totals, Instances instances, Presence presence, LedgerWriter ledger,
			ExchangeMeter meter, InstantSource clock, Duration markGrace, MeteringMetrics metrics) {
		this.counters = counters;
		this.totals = totals;
		this.instances = instances;
		this.presence = presence;
		this.ledger = ledger;
		this.meter = meter;
		this.clock = clock;
		this.markGrace = markGrace;
		this.metrics = metrics;
		metrics.showPending(clock);
	}

	/**
	 * One round. What others left is not touched while this instance cannot be sure who
	 * lives.
	 */
	Mono<Void> sweep() {
		return this.meter.takeBack().then(Mono.defer(this::sweepAll));
	}

	private Mono<Void> sweepAll() {
		if (!this.presence.isSteady()) {
			return Mono.empty();
		}
		return this.instances.alive()
			.filter((alive) -> alive.contains(this.presence.id()))
			.flatMap((alive) -> sweepRedis(alive).then(sweepPostgres(alive)));
	}

	private Mono<Void> sweepRedis(Set<String> alive) {
		if (this.totals.isAway()) {
			return Mono.empty();
		}
		this.ledger.acknowledgeAgain();
		AtomicReference<PendingEntries> found = new AtomicReference<>(new PendingEntries(0, null));
		Mono<Void> entries = this.counters.pending()
			.flatMap((pending) -> write(pending, alive, found))
			.then(Mono.fromRunnable(() -> this.metrics.pending(Objects.requireNonNull(found.get()))));
		Set<String> marked = new HashSet<>();
		Mono<Void> marks = this.counters.marks()
			.doOnNext((mark) -> marked.add(mark.request()))
			.concatMap((mark) -> judge(mark, alive).flatMap((gone) -> strike(mark)))
			.then(Mono.fromRunnable(() -> this.meter.markWhatIsNot(marked)));
		return entries.then(marks);
	}

	private Mono<Void> sweepPostgres(Set<String> alive) {
		return this.instances.opened()
			.concatMap((mark) -> judge(mark, alive))
			.collect(Collectors.toSet())
			.flatMap(this.instances::strike);
	}

	private Mono<Void> write(Pending pending, Set<String> alive, AtomicReference<PendingEntries> found) {
		Entry entry;
		try {
			entry = Entry.decode(pending.line());
		}
		catch (IllegalArgumentException ex) {
			logger.error("Redis keeps an entry of {} that cannot be read: {}", pending.request(), ex.getMessage());
			return Mono.empty();
		}
		found.updateAndGet((before) -> before.plus(entry.occurredAt()));
		boolean isHeld = entry.instance().equals(this.presence.id()) ? this.ledger.holds(pending.request())
				: alive.contains(entry.instance());
		return isHeld ? Mono.empty() : this.ledger.append(entry);
	}

	/**
	 * The request of a mark that must go, after an orphan was listed where it was one;
	 * empty for one that may stay.
	 */
	private Mono<String> judge(Mark mark, Set<String> alive) {
		if (mark.instance().equals(this.presence.id())) {
			// A mark from the future was dated before our clock was set right, and is no
			// younger for it.
			boolean isYoung = Duration.between(mark.openedAt(), now()).abs().compareTo(this.markGrace) <= 0;
			return (!isYoung && !this.meter.holds(mark.request())) ? Mono.just(mark.request()) : Mono.empty();
		}
		if (alive.contains(mark.instance())) {
			return Mono.empty();
		}
		return this.instances.orphan(mark).doOnNext((isNew) -> {
			if (isNew) {
				this.metrics.orphaned();
				logger.warn("{} was open when {} died: listed as an orphan, at most {} thousandths", mark.request(),
						mark.instance(), mark.reservation());
			}
		}).thenReturn(mark.request());
	}

	private Mono<Counters.Reply> strike(Mark mark) {
		return this.totals.submit(new Operation.Strike(mark.account(), mark.request()));
	}

	private Instant now() {
		return this.clock.instant();
	}

}
