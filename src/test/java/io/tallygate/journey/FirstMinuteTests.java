package io.tallygate.journey;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.tallygate.support.Books;
import io.tallygate.support.GatewayClient;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** The first minute of a person who has started Tallygate with nothing configured. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class FirstMinuteTests {

	private static final List<String> DEMO_CLIENTS = List.of("acme-dental", "bolt-fitness", "chatty-ltd");

	private static GatewayProcess gateway;

	@BeforeAll
	static void start() {
		gateway = GatewayProcess.fresh();
		gateway.start();
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	@Order(1)
	void theTwoPrintedCommandsChatAndReadWhatItCost() throws Exception {
		assumeTrue(run("curl --version").exitCode() == 0, "No curl here: the printed commands cannot be run");
		List<String> commands = commands();
		assertThat(commands).hasSize(2);

		JsonNode whole = json(run(commands.get(0)).text());
		String streamed = run(commands.get(0).replace("-d '{", "-d '{\"stream\":true,")).text();
		Wait.pause(1000);
		JsonNode ledger = json(run(commands.get(1)).text());

		assertThat(whole.at("/choices/0/message/content").asString()).isNotBlank();
		assertThat(streamed).contains("data: ").contains("data: [DONE]").doesNotContain("prompt_tokens");
		JsonNode last = ledger.path("data").path(0);
		JsonNode before = ledger.path("data").path(1);
		assertThat(last.path("streamed").asBoolean()).isTrue();
		assertThat(before.path("streamed").asBoolean()).isFalse();
		assertThat(before.at("/usage/input_tokens").asLong()).isEqualTo(whole.at("/usage/prompt_tokens").asLong());
		assertThat(before.at("/usage/output_tokens").asLong()).isEqualTo(whole.at("/usage/completion_tokens").asLong());
		assertThat(before.at("/usage/total_tokens").asLong()).isEqualTo(whole.at("/usage/total_tokens").asLong());
		assertThat(last.path("status").asString()).isEqualTo("billed");
	}

	@Test
	@Order(2)
	void whatIsUsedReachesStripeUnitByUnit() {
		for (String client : DEMO_CLIENTS) {
			for (int i = 0; i < 4; i++) {
				GatewayClient.Reply reply = gateway.client().chat(gateway.channelKey(client), "fake:t=700,d=0");
				assertThat(reply.isComplete()).as(reply.body()).isTrue();
			}
		}

		Books books = gateway.books();
		books.agreeWithStripe();
		books.agreeWithTheProvider();
		assertThat(books.owed()).hasSize(DEMO_CLIENTS.size());
		assertThat(books.reportedAndNotBilled()).isEmpty();
	}

	@Test
	@Order(3)
	void aSecondStartBesideTheFirstIsRefusedAndSaysWhatToDo() {
		try (GatewayProcess rival = gateway.rival()) {
			int exitCode = rival.launch().exitCode(60);

			assertThat(exitCode).isEqualTo(1);
			assertThat(rival.text()).contains("is running already, as process")
				.contains("TALLYGATE_DATA_DIR")
				.doesNotContain("at io.tallygate");
		}
		assertThat(gateway.management().status("/actuator/health/readiness")).isEqualTo(200);
	}

	@Test
	@Order(4)
	void aStopIsCleanAndTheNextStartPrintsTheSame() {
		List<String> commands = commands();
		String platformToken = gateway.platformToken();
		int entries = gateway.books().ledger().size();

		int exitCode = gateway.sigterm();

		assertThat(exitCode).isZero();
		assertThat(gateway.postgres().pid()).isEmpty();
		assertThat(gateway.redis().pid()).isEmpty();
		gateway.start();
		assertThat(commands()).isEqualTo(commands);
		assertThat(gateway.text()).contains(platformToken);
		assertThat(gateway.books().ledger()).hasSize(entries);
	}

	private static List<String> commands() {
		return gateway.output().stream().filter((line) -> line.startsWith("curl ")).toList();
	}

	private record Ran(int exitCode, String text) {
	}

	private static Ran run(String command) throws IOException, InterruptedException {
		Process shell = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
		String text = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		shell.waitFor(30, TimeUnit.SECONDS);
		return new Ran(shell.exitValue(), text);
	}

	private static JsonNode json(String text) {
		return JsonMapper.shared().readTree(text);
	}

}
