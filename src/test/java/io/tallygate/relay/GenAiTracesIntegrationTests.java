package io.tallygate.relay;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import com.sun.net.httpserver.HttpServer;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.tallygate.core.Metric;
import io.tallygate.support.RawClient;
import io.tallygate.support.ScriptedProvider;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.blockhound.BlockHound;

import static org.assertj.core.api.Assertions.assertThat;

/** What a collector of traces is told, over the protocol that they all take. */
class GenAiTracesIntegrationTests {

	private static final String REQUEST = "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

	private static final String ANSWER = "{\"id\":\"c\",\"choices\":[{\"message\":{\"content\":\"hello\"}}],"
			+ "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}";

	private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

	/** Bytes as characters: a span's texts stand in its message as they are. */
	private final BlockingQueue<String> told = new LinkedBlockingQueue<>();

	private HttpServer collector;

	/** Before any thread runs that it watches. */
	@BeforeAll
	static void watch() {
		BlockHound.install();
	}

	@BeforeEach
	void start() throws IOException {
		this.collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		this.collector.createContext("/v1/traces", (call) -> {
			this.told.add(new String(call.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
			call.sendResponseHeaders(200, -1);
			call.close();
		});
		this.collector.start();
	}

	@AfterEach
	void stop() {
		this.collector.stop(0);
	}

	@Test
	void anExchangeIsASpanInTheTraceOfItsCaller() throws InterruptedException {
		try (RelayFixture relay = relay()) {
			relay.provider.answers(ScriptedProvider.json(200, ANSWER));

			RawClient.Answer answer = relay.client()
				.post("/v1/chat/completions", REQUEST, "Authorization: Bearer " + RelayFixture.KEY,
						"traceparent: 00-" + TRACE + "-b7ad6b7169203331-01")
				.answer();

			assertThat(this.told.poll(10, TimeUnit.SECONDS))
				.contains("chat gpt-4o", "service.name", "tallygate", answer.header("x-request-id"),
						"gen_ai.usage.input_tokens", "billed",
						new String(HexFormat.of().parseHex(TRACE), StandardCharsets.ISO_8859_1))
				.doesNotContain("cli_", "agy_", "acme", "error.type");
			Wait.until("the count", 5, () -> spans(relay, "exported") == 1, () -> "");
			assertThat(spans(relay, "ended")).isOne();
		}
	}

	@Test
	void anErrorIsASpanWithItsStatus() throws InterruptedException {
		try (RelayFixture relay = relay()) {
			relay.provider.answers(ScriptedProvider.json(429, "{\"error\":{\"message\":\"slow down\"}}"));

			relay.chat(REQUEST).answer();

			assertThat(this.told.poll(10, TimeUnit.SECONDS)).contains("error.type", "429", "free")
				.doesNotContain("gen_ai.usage.input_tokens", "slow down");
		}
	}

	@Test
	void aCollectorThatIsAwayHindersNobody() {
		try (RelayFixture relay = relay()) {
			this.collector.stop(0);
			relay.provider.answers(ScriptedProvider.json(200, ANSWER));

			assertThat(relay.chat(REQUEST).answer().body()).isEqualTo(ANSWER);

			Wait.until("the failure", 30, () -> spans(relay, "failed") == 1, () -> "");
		}
	}

	@Test
	void withoutACollectorThereIsNothingOfIt() {
		try (RelayFixture relay = new RelayFixture("otel.exporter.otlp.endpoint=")) {
			assertThat(relay.context.getBeanProvider(OpenTelemetry.class).getIfAvailable()).isNull();
		}
	}

	private RelayFixture relay() {
		return new RelayFixture("otel.exporter.otlp.endpoint=http://127.0.0.1:" + this.collector.getAddress().getPort(),
				"otel.bsp.schedule.delay=100", "otel.java.exporter.otlp.retry.disabled=true");
	}

	private static double spans(RelayFixture relay, String outcome) {
		return relay.context.getBean(MeterRegistry.class)
			.get(Metric.TELEMETRY_SPANS.key())
			.tag("outcome", outcome)
			.counter()
			.count();
	}

}
