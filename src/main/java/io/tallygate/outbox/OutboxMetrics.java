package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.Metric;

/** What the outbox counts. */
final class OutboxMetrics {

	private final MeterRegistry registry;

	private final InstantSource clock;

	private volatile Outbox.Backlog backlog = Outbox.Backlog.NONE;

	private final AtomicLong lanesDue = new AtomicLong();

	private final AtomicLong drift = new AtomicLong();

	private final AtomicLong resting = new AtomicLong();

	OutboxMetrics(MeterRegistry registry, InstantSource clock) {
		this.registry = registry;
		this.clock = clock;
		events(Delivery.State.DUE, Outbox.Backlog::due);
		events(Delivery.State.SENDING, Outbox.Backlog::sending);
		events(Delivery.State.PARKED, Outbox.Backlog::parked);
		Gauge.builder(Metric.OUTBOX_OLDEST_DUE.key(), this, OutboxMetrics::oldestDueSeconds)
			.description(Metric.OUTBOX_OLDEST_DUE.description())
			.register(registry);
		backlog(Metric.OUTBOX_LANES_IN_DOUBT, Outbox.Backlog::lanesInDoubt);
		backlog(Metric.OUTBOX_AGENCIES_PAUSED, Outbox.Backlog::agenciesPaused);
		Gauge.builder(Metric.OUTBOX_DRIFT.key(), this.drift, AtomicLong::get)
			.description(Metric.OUTBOX_DRIFT.description())
			.register(registry);
		Gauge.builder(Metric.OUTBOX_AGENCIES_RESTING.key(), this.resting, AtomicLong::get)
			.description(Metric.OUTBOX_AGENCIES_RESTING.description())
			.register(registry);
		Gauge.builder(Metric.OUTBOX_LANES_DUE.key(), this.lanesDue, AtomicLong::get)
			.description(Metric.OUTBOX_LANES_DUE.description())
			.register(registry);
	}

	void scanned(long lanes) {
		this.lanesDue.set(lanes);
	}

	void counted(Outbox.Backlog left) {
		this.backlog = left;
	}

	void resting(long agencies) {
		this.resting.set(agencies);
	}

	void drift(long units) {
		this.drift.set(units);
	}

	void cut(MeterEventRow row) {
		counter(Metric.OUTBOX_CUTS).register(this.registry).increment();
		if (row.late()) {
			counter(Metric.OUTBOX_UNITS_LATE).register(this.registry).increment((double) row.value());
		}
	}

	void attempted(Finding finding) {
		counter(Metric.OUTBOX_ATTEMPTS).tag("outcome", finding.outcome()).register(this.registry).increment();
	}

	/** Stripe's code is left out of the tag: it is not ours to bound. */
	void parked(MeterEventRow row) {
		String reason = String.valueOf(row.delivery().reason());
		int code = reason.indexOf(':');
		counter(Metric.OUTBOX_PARKED).tag("reason", (code < 0) ? reason : reason.substring(0, code))
			.register(this.registry)
			.increment();
	}

	void lateResult() {
		counter(Metric.OUTBOX_LATE_RESULTS).register(this.registry).increment();
	}

	private void events(Delivery.State state, ToDoubleFunction<Outbox.Backlog> count) {
		Gauge.builder(Metric.OUTBOX_EVENTS.key(), this, (metrics) -> count.applyAsDouble(metrics.backlog))
			.description(Metric.OUTBOX_EVENTS.description())
			.tag("state", state.text())
			.register(this.registry);
	}

	private void backlog(Metric metric, ToDoubleFunction<Outbox.Backlog> count) {
		Gauge.builder(metric.key(), this, (metrics) -> count.applyAsDouble(metrics.backlog))
			.description(metric.description())
			.register(this.registry);
	}

	private double oldestDueSeconds() {
		Instant oldest = this.backlog.oldestDueAt();
		return (oldest != null) ? Duration.between(oldest, this.clock.instant()).toMillis() / 1000.0 : 0;
	}

	private static Counter.Builder counter(Metric metric) {
		return Counter.builder(metric.key()).description(metric.description());
	}

}
