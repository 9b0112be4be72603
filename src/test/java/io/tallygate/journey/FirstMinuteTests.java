package io.tallygate.journey;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

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
		List<String> commands = gateway.output().stream().filter((line) -> line.startsWith("curl ")).toList();
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

	record Ran(int exitCode, String text) {
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
