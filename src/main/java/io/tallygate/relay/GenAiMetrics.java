package io.tallygate.relay;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.DoubleStream;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.ProviderKind;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;

/**
 * The exchanges under the names that OpenTelemetry has for generative AI
 * (<a href="https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics">semantic
 * conventions</a>), for boards that know no gateway of ours. The conventions are still
 * moving, so all of their names are here and nowhere else, and which generation of them
 * is used is a setting. No client is named, and no more than {@link #MODELS_MAX} models
 * are: whoever calls chooses them.
 */
final class GenAiMetrics {

	/** Which generation of the names is used. */
	enum Conventions {

		/** No such metrics. */
		NONE,
		/** One histogram of tokens, by type: the conventions up to 1.36. */
		LEGACY,
		/** A counter for each class of tokens. */
		LATEST

	}

	/** Further models are told together, as {@value #OTHER}. */
	static final int MODELS_MAX = 100;

	/** OpenTelemetry's word for what has no name of its own. */
	static final String OTHER = "_OTHER";

	/** As the conventions advise, in tokens. */
	private static final double[] TOKEN_BUCKETS = { 1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576,
			4_194_304, 16_777_216, 67_108_864 };

	/** As the conventions advise: 10 ms, doubled up to 82 s. */
	private static final Duration[] TIME_BUCKETS = DoubleStream.iterate(10, (millis) -> millis * 2)
		.limit(14)
		.mapToObj((millis) -> Duration.ofMillis((long) millis))
		.toArray(Duration[]::new);

	private final MeterRegistry registry;

	private final Conventions conventions;

	private final Map<Kind, Meters> meters = new ConcurrentHashMap<>();

	private final Set<String> models = ConcurrentHashMap.newKeySet();

	GenAiMetrics(MeterRegistry registry, Conventions conventions) {
		this.registry = registry;
		this.conventions = conventions;
	}

	/**
	 * An exchange that was relayed came to its end. Tokens are those that are billed or
	 * estimated.
	 * @param provider who was asked
	 * @param outcome the end
	 */
	void ended(ProviderKind provider, Outcome outcome) {
		if (this.conventions == Conventions.NONE || outcome.provider() == null) {
			return;
		}
		Kind kind = new Kind(provider, named(outcome.model()),
				(outcome.httpStatus() < 400) ? null : Integer.toString(outcome.httpStatus()));
		this.meters.computeIfAbsent(kind, this::register).record(outcome);
	}

	private String named(String model) {
		if (this.models.contains(model)) {
			return model;
		}
		if (this.models.size() >= MODELS_MAX) {
			return OTHER;
		}
		this.models.add(model);
		return model;
	}

	private Meters register(Kind kind) {
		Tags tags = Tags.of("gen_ai.operation.name", "chat",
				(this.conventions == Conventions.LEGACY) ? "gen_ai.system" : "gen_ai.provider.name",
				kind.provider().text(), "gen_ai.request.model", kind.model());
		Tags ended = tags.and("error.type", (kind.error() != null) ? kind.error() : "");
		Tokens tokens = (this.conventions == Conventions.LEGACY) ? histograms(tags) : counters(tags);
		return new Meters(tokens, timer("gen_ai.client.operation.duration", ended),
				timer("gen_ai.client.operation.time_to_first_chunk", tags));
	}

	private Tokens histograms(Tags tags) {
		DistributionSummary input = tokens(tags.and("gen_ai.token.type", "input"));
		DistributionSummary output = tokens(tags.and("gen_ai.token.type", "output"));
		return (usage) -> {
			record(input, usage.input());
			record(output, usage.output());
		};
	}

	private static void record(DistributionSummary summary, @Nullable Long count) {
		if (count != null) {
			summary.record((double) count);
		}
	}

	private DistributionSummary tokens(Tags tags) {
		return DistributionSummary.builder("gen_ai.client.token.usage")
			.baseUnit("tokens")
			.tags(tags)
			.serviceLevelObjectives(TOKEN_BUCKETS)
			.register(this.registry);
	}

	private Tokens counters(Tags tags) {
		Counter input = counter("input_tokens", tags);
		Counter cacheRead = counter("cache_read.input_tokens", tags);
		Counter cacheWrite = counter("cache_write.input_tokens", tags);
		Counter output = counter("output_tokens", tags);
		Counter reasoning = counter("reasoning.output_tokens", tags);
		return (usage) -> {
			add(input, usage.input());
			add(cacheRead, usage.cachedInput());
			add(cacheWrite, usage.cacheWrite());
			add(output, usage.output());
			add(reasoning, usage.reasoning());
		};
	}

	/** No count is larger than a double holds exactly. */
	private static void add(Counter counter, @Nullable Long count) {
		counter.increment((double) Usage.orZero(count));
	}

	private Counter counter(String tokens, Tags tags) {
		return Counter.builder("gen_ai.client.inference.usage." + tokens).tags(tags).register(this.registry);
	}

	private Timer timer(String name, Tags tags) {
		return Timer.builder(name)
			.tags(tags)
			.serviceLevelObjectives(Arrays.copyOf(TIME_BUCKETS, TIME_BUCKETS.length))
			.register(this.registry);
	}

	/** Counts the tokens of one exchange. */
	private interface Tokens {

		void count(Usage usage);

	}

	/**
	 * What is told apart.
	 *
	 * @param provider whose API it speaks
	 * @param model that was asked for, or {@link #OTHER}
	 * @param error the status of an error, {@code null} without one
	 */
	private record Kind(ProviderKind provider, String model, @Nullable String error) {
	}

	/**
	 * The meters of one kind, looked up once.
	 *
	 * @param tokens that were used
	 * @param duration of the exchange
	 * @param firstChunk the wait for the first part of a stream
	 */
	private record Meters(Tokens tokens, Timer duration, Timer firstChunk) {

		void record(Outcome outcome) {
			this.duration.record(Duration.ofMillis(outcome.durationMs()));
			if (outcome.usage() != null) {
				this.tokens.count(outcome.usage());
			}
			if (outcome.streamed() && outcome.ttftMs() != null) {
				this.firstChunk.record(Duration.ofMillis(outcome.ttftMs()));
			}
		}

	}

}
