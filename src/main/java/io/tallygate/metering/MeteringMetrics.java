package io.tallygate.metering;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tallygate.core.Metric;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

import org.jspecify.annotations.Nullable;

/** What metering counts of itself. */
class MeteringMetrics {

	/** What can become of a close. */
	private static final Set<Counters.Result> CLOSES = EnumSet.of(Counters.Result.APPLIED,
			Counters.Result.APPLIED_WITHOUT_MARK, Counters.Result.KNOWN, Counters.Result.OTHER_GENERATION,
			Counters.Result.REFUSED);

	private static final double MEDIAN = 0.5;

	private static final double P99 = 0.99;

	private final MeterRegistry registry;

	private final Map<Counters.Result, Counter> closed = new EnumMap<>(Counters.Result.class);

	private final Counter openedInPostgres;

	private final Counter unavailable;

	private final Counter orphans;

	private final Counter softCaps;

	private final Counter basesBehind;

	private final Timer written;

	private final AtomicLong drift = new AtomicLong();

	private volatile PendingEntries pending = new PendingEntries(0, null);

	MeteringMetrics(MeterRegistry registry) {
		this.registry = registry;
		for (Counters.Result result : CLOSES) {
			this.closed.put(result,
					Counter.builder(Metric.CLOSES.key())
						.description(Metric.CLOSES.description())
						.tag("result", result.name().toLowerCase(java.util.Locale.ROOT))
						.register(registry));
		}
		this.openedInPostgres = counter(Metric.OPENED_IN_POSTGRES);
		this.unavailable = counter(Metric.METERING_UNAVAILABLE);
		this.orphans = counter(Metric.ORPHANS);
		this.softCaps = counter(Metric.SOFT_CAPS_REACHED);
		this.basesBehind = counter(Metric.BASES_BEHIND);
		this.written = Timer.builder(Metric.ENTRY_WRITTEN.key())
			.description(Metric.ENTRY_WRITTEN.description())
			.publishPercentiles(MEDIAN, P99)
			.register(registry);
		gauge(Metric.DRIFT, this.drift, AtomicLong::get);
	}

	/**
	 * What Redis keeps.
	 *
	 * @param number how many
	 * @param oldest when the oldest of them ended
	 */
	record PendingEntries(long number, @Nullable Instant oldest) {

		PendingEntries plus(Instant endedAt) {
			return new PendingEntries(this.number + 1,
					(this.oldest == null || endedAt.isBefore(this.oldest)) ? endedAt : this.oldest);
		}

		private double age(Instant now) {
			return (this.oldest != null) ? Math.max(0, Duration.between(this.oldest, now).toMillis() / 1000.0) : 0;
		}

	}

	/** Shows what the last sweep found pending. */
	void showPending(InstantSource clock) {
		gauge(Metric.ENTRIES_PENDING, this, (metrics) -> metrics.pending.number());
		gauge(Metric.OLDEST_PENDING, this, (metrics) -> metrics.pending.age(clock.instant()));
	}

	void pending(PendingEntries found) {
		this.pending = found;
	}

	void written(Duration afterItsEnd) {
		this.written.record(afterItsEnd.isNegative() ? Duration.ZERO : afterItsEnd);
	}

	void drift(long thousandths) {
		this.drift.set(thousandths);
	}

	void baseWasBehind() {
		this.basesBehind.increment();
	}

	void closed(Counters.Result result) {
		java.util.Objects.requireNonNull(this.closed.get(result)).increment();
	}

	void openedInPostgres() {
		this.openedInPostgres.increment();
	}

	void unavailable() {
		this.unavailable.increment();
	}

	void orphaned() {
		this.orphans.increment();
	}

	void softCapReached() {
		this.softCaps.increment();
	}

	/** Shows {@code value} of {@code source} under {@code metric}. */
	<T> void gauge(Metric metric, T source, ToDoubleFunction<T> value) {
		Gauge.builder(metric.key(), source, value).description(metric.description()).register(this.registry);
	}

	private Counter counter(Metric metric) {
		return Counter.builder(metric.key()).description(metric.description()).register(this.registry);
	}

}
