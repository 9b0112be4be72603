package io.tallygate.metering;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.Metric;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/** What metering counts of itself. */
class MeteringMetrics {

	/** What can become of a close. */
	private static final Set<Counters.Result> CLOSES = EnumSet.of(Counters.Result.APPLIED,
			Counters.Result.APPLIED_WITHOUT_MARK, Counters.Result.KNOWN, Counters.Result.OTHER_GENERATION,
			Counters.Result.REFUSED);

	private final MeterRegistry registry;

	private final Map<Counters.Result, Counter> closed = new EnumMap<>(Counters.Result.class);

	private final Counter openedInPostgres;

	private final Counter unavailable;

	private final Counter orphans;

	private final Counter softCaps;

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
