package io.tallygate.relay;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.tallygate.core.Metric;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.ProviderKind;

/** What the relay counts; looked up once, because the hot path has no time to. */
final class RelayMetrics {

	private final Map<Outcome.Status, Counter> settled = new EnumMap<>(Outcome.Status.class);

	private final Map<ApiError.Code, Counter> errors = new EnumMap<>(ApiError.Code.class);

	private final Timer firstByte;

	private final Counter drainsCut;

	private final GenAiMetrics genAi;

	RelayMetrics(MeterRegistry registry, Exchanges exchanges, BufferedBytes buffered, GenAiMetrics genAi) {
		this.genAi = genAi;
		for (Outcome.Status status : Outcome.Status.values()) {
			this.settled.put(status,
					Counter.builder(Metric.RELAY_EXCHANGES.key())
						.description(Metric.RELAY_EXCHANGES.description())
						.tag("api", Call.API)
						.tag("outcome", status.text())
						.register(registry));
		}
		for (ApiError.Code code : ApiError.Code.values()) {
			this.errors.put(code,
					Counter.builder(Metric.RELAY_ERRORS.key())
						.description(Metric.RELAY_ERRORS.description())
						.tag("code", code.text())
						.register(registry));
		}
		this.firstByte = Timer.builder(Metric.RELAY_FIRST_BYTE.key())
			.description(Metric.RELAY_FIRST_BYTE.description())
			.register(registry);
		this.drainsCut = Counter.builder(Metric.RELAY_DRAINS_CUT.key())
			.description(Metric.RELAY_DRAINS_CUT.description())
			.register(registry);
		gauge(registry, Metric.RELAY_DRAINS, exchanges::draining);
		gauge(registry, Metric.RELAY_RUNNING, exchanges::running);
		gauge(registry, Metric.RELAY_BUFFERED_BYTES, buffered::held);
	}

	void settled(ProviderKind provider, Outcome outcome) {
		count(this.settled.get(outcome.status()));
		this.genAi.ended(provider, outcome);
	}

	void failed(ApiError.Code code) {
		count(this.errors.get(code));
	}

	void firstByteAfter(Duration wait) {
		this.firstByte.record(wait);
	}

	void drainCut() {
		this.drainsCut.increment();
	}

	private static void count(@org.jspecify.annotations.Nullable Counter counter) {
		if (counter != null) {
			counter.increment();
		}
	}

	private static void gauge(MeterRegistry registry, Metric metric, java.util.function.Supplier<Number> value) {
		Gauge.builder(metric.key(), value).description(metric.description()).register(registry);
	}

}
