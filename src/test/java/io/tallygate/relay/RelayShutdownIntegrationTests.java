package io.tallygate.relay;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.tallygate.fault.Matrix;
import io.tallygate.metering.Outcome;
import io.tallygate.support.RawClient;
import io.tallygate.support.ScriptedProvider;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What becomes of answers that are under way when the gateway stops. */
class RelayShutdownIntegrationTests {

	private static final String REQUEST = "{\"model\":\"gpt-4o\",\"stream\":true}";

	private static final List<byte[]> EVENTS = List.of(
			"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n".getBytes(StandardCharsets.UTF_8),
			"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n"
				.getBytes(StandardCharsets.UTF_8),
			"data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));

	@Test
	@Matrix(72)
	void aStreamThatEndsWithinTheGraceEndsWhole() throws Exception {
		RelayFixture relay = new RelayFixture("tallygate.shutdown-grace=3s");
		relay.provider.answers(ScriptedProvider.stream(EVENTS).pausing(Duration.ofMillis(400)));
		RawClient client = relay.chat(REQUEST);
		relay.provider.request();

		CompletableFuture<Void> stopped = CompletableFuture.runAsync(relay::close);
		RawClient.Answer answer = client.answer();
		stopped.get(20, TimeUnit.SECONDS);

		assertThat(answer.whole()).isTrue();
		assertThat(answer.body()).endsWith("data: [DONE]\n\n");
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.BILLED);
	}

	@Test
	@Matrix(72)
	void aStreamThatDoesNotIsSettledAndItsClientTold() throws Exception {
		RelayFixture relay = new RelayFixture("tallygate.shutdown-grace=1s");
		relay.provider.answers(ScriptedProvider.stream(EVENTS).pausing(Duration.ofSeconds(4)));
		RawClient client = relay.chat(REQUEST);
		relay.provider.request();

		CompletableFuture<Void> stopped = CompletableFuture.runAsync(relay::close);
		RawClient.Answer answer = client.answer();
		stopped.get(20, TimeUnit.SECONDS);

		assertThat(answer.whole()).isFalse();
		assertThat(answer.body()).contains("provider_unavailable").contains("shutting down");
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.ESTIMATED);
	}

}
