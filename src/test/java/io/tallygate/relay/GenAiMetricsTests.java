package io.tallygate.relay;

import java.util.stream.IntStream;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.core.Ids;
import io.tallygate.core.ProviderId;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.ProviderKind;
import io.tallygate.provider.Usage;
import io.tallygate.relay.GenAiMetrics.Conventions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/** What boards that know OpenTelemetry's names are told, and what they are not. */
class GenAiMetricsTests {

	private static final Usage USAGE = new Usage(100L, 60L, 10L, 40L, 25L, 140L);

	private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

	@Test
	void nothingIsToldUnlessWanted() {
		new GenAiMetrics(this.registry, Conventions.NONE).ended(ProviderKind.OPENAI, outcome("gpt-4o", 200, USAGE));

		assertThat(this.registry.getMeters()).isEmpty();
	}

	@Test
	void theOlderConventionsHaveTokensByTypeInOneHistogram() {
		GenAiMetrics metrics = new GenAiMetrics(this.registry, Conventions.LEGACY);

		metrics.ended(ProviderKind.OPENAI, outcome("gpt-4o", 200, USAGE));
		metrics.ended(ProviderKind.OPENAI, outcome("gpt-4o", 200, Usage.of(1, 2)));

		assertThat(this.registry.get("gen_ai.client.token.usage")
			.tags("gen_ai.system", "openai", "gen_ai.request.model", "gpt-4o", "gen_ai.token.type", "input")
			.summary()
			.totalAmount()).isEqualTo(101);
		assertThat(this.registry.get("gen_ai.client.token.usage").tag("gen_ai.token.type", "output").summary().max())
			.isEqualTo(40);
		assertThat(this.registry.get("gen_ai.client.operation.duration").timer().count()).isEqualTo(2);
	}

	@Test
	void theLatestHaveACounterForEachClassOfTokens() {
		new GenAiMetrics(this.registry, Conventions.LATEST).ended(ProviderKind.OPENAI_COMPATIBLE,
				outcome("llama", 200, USAGE));

		assertThat(count("input_tokens")).isEqualTo(100);
		assertThat(count("cache_read.input_tokens")).isEqualTo(60);
		assertThat(count("cache_write.input_tokens")).isEqualTo(10);
		assertThat(count("output_tokens")).isEqualTo(40);
		assertThat(count("reasoning.output_tokens")).isEqualTo(25);
		assertThat(this.registry.get("gen_ai.client.inference.usage.input_tokens")
			.counter()
			.getId()
			.getTag("gen_ai.provider.name")).isEqualTo("openai_compatible");
		assertThat(this.registry.get("gen_ai.client.operation.time_to_first_chunk").timer().count()).isOne();
	}

	@Test
	void anErrorIsToldByItsStatusAndHasNoTokens() {
		new GenAiMetrics(this.registry, Conventions.LATEST).ended(ProviderKind.OPENAI, outcome("gpt-4o", 429, null));

		assertThat(this.registry.get("gen_ai.client.operation.duration").tag("error.type", "429").timer().count())
			.isOne();
		assertThat(count("input_tokens")).isZero();
	}

	/**
	 * Whoever calls chooses the model, and must not choose how much is held in memory.
	 */
	@ParameterizedTest
	@EnumSource(value = Conventions.class, names = { "LEGACY", "LATEST" })
	void onlySoManyModelsAreNamed(Conventions conventions) {
		GenAiMetrics metrics = new GenAiMetrics(this.registry, conventions);

		IntStream.range(0, 3 * GenAiMetrics.MODELS_MAX)
			.forEach((i) -> metrics.ended(ProviderKind.OPENAI, outcome("model-" + i, 200, USAGE)));

		assertThat(this.registry.find("gen_ai.client.operation.duration").timers())
			.hasSize(GenAiMetrics.MODELS_MAX + 1);
		assertThat(this.registry.get("gen_ai.client.operation.duration")
			.tag("gen_ai.request.model", GenAiMetrics.OTHER)
			.timer()
			.count()).isEqualTo(2L * GenAiMetrics.MODELS_MAX);
	}

	private double count(String tokens) {
		return this.registry.get("gen_ai.client.inference.usage." + tokens).counter().count();
	}

	private static Outcome outcome(String model, int status, @Nullable Usage usage) {
		return new Outcome(new ProviderId("prv_" + "0".repeat(Ids.BODY_LENGTH)), model, "chat.completions",
				(usage != null) ? Outcome.Status.BILLED : Outcome.Status.FREE, usage, 1, status, true, false, null,
				1200, 300L);
	}

}
