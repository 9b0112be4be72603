package io.tallygate.sandbox;

import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What is printed can be pasted. */
class WelcomeTests {

	private final Welcome.DemoKeys keys = new Welcome.DemoKeys("Alpaca Agency", "tga_admin", "Acme", "tg_test_key",
			"fake-gpt");

	@Test
	void twoCommandsStandOnLinesOfTheirOwn() {
		List<String> commands = commands(new Welcome("http://localhost:8080", false, "tgp_x", this.keys, "/data"));

		assertThat(commands).containsExactly(
				"curl -s http://localhost:8080/v1/chat/completions -H 'Authorization: Bearer tg_test_key' -H 'Content-Type: application/json' -d '{\"model\":\"fake-gpt\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'; echo",
				"curl -s 'http://localhost:8080/admin/v1/ledger?limit=3' -H 'Authorization: Bearer tga_admin'; echo");
	}

	@Test
	void withoutADemoThereIsNothingToPaste() {
		Welcome welcome = new Welcome("http://localhost:8080", false, "tgp_x", null, "/data");

		assertThat(commands(welcome)).isEmpty();
		assertThat(welcome.lines()).anyMatch((line) -> line.endsWith("tgp_x"));
	}

	@Test
	void thePortalIsNamedOnceThereIsOne() {
		assertThat(new Welcome("http://localhost:8080", true, "tgp_x", null, "/data").lines())
			.anyMatch((line) -> line.endsWith("http://localhost:8080/portal"));
		assertThat(new Welcome("http://localhost:8080", false, "tgp_x", null, "/data").lines())
			.noneMatch((line) -> line.contains("portal"));
	}

	private static List<String> commands(Welcome welcome) {
		return welcome.lines().stream().filter((line) -> line.startsWith("curl")).toList();
	}

}
