package io.tallygate.sandbox;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.Report;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** The demo is made once, however often its making is cut short. */
class DemoSeedTests {

	private static final DemoStory STORY = new DemoStory("Alpaca Agency", "sk_test_sandbox_x", "http://127.0.0.1:1/v1",
			"sk-x", "fake-gpt", List.of(client("Acme Dental", ChargeBy.TOKENS, 1000, Report.UNITS),
					client("Bolt Fitness", ChargeBy.MESSAGES, 1, Report.UNITS)));

	private final StubGateway gateway;

	@TempDir
	private Path directory;

	DemoSeedTests() throws IOException {
		this.gateway = new StubGateway();
	}

	@AfterEach
	void stop() {
		this.gateway.close();
	}

	@Test
	void theDemoHasAnAgencyAProviderAndItsClients() throws Exception {
		Welcome.DemoKeys keys = seed();

		assertTheDemoIsThereOnce(keys);
		assertThat(keys.client()).isEqualTo("Acme Dental");
		assertThat(this.gateway.clients().get(0).path("billing_unit").asLong()).isEqualTo(1000);
	}

	@Test
	void aSecondStartMakesNothingAndShowsTheSameKeys() throws Exception {
		Welcome.DemoKeys first = seed();

		Welcome.DemoKeys second = seed();

		assertThat(second).isEqualTo(first);
		assertTheDemoIsThereOnce(second);
	}

	@Test
	void whereverItIsCutShortTheNextStartGoesOnWithoutDoubling() throws Exception {
		seed();
		int calls = this.gateway.calls();
		int cuts = 0;

		for (int lost = 0; lost < calls; lost++) {
			try (StubGateway cut = new StubGateway()) {
				Path file = this.directory.resolve("cut-after-" + lost + ".properties");
				cut.losesAnswerAfter(lost);
				try {
					seed(cut, file, new HashMap<>());
				}
				catch (IOException ex) {
					cuts++;
				}

				Welcome.DemoKeys keys = seed(cut, file, new HashMap<>());

				assertTheDemoIsThereOnce(cut, keys);
			}
		}

		assertThat(cuts).as("every call that changes something; the JDK repeats the others by itself")
			.isEqualTo(this.gateway.changes());
	}

	@Test
	void overAnotherDatabaseItIsMadeAgain() throws Exception {
		seed();
		this.gateway.forgets();

		Welcome.DemoKeys keys = seed();

		assertThat(this.gateway.agencies()).isEqualTo(1);
		assertThat(this.gateway.knowsToken(keys.adminToken())).isTrue();
	}

	@Test
	void theConsoleLearnsWhoIsWho() throws Exception {
		Map<String, String> names = new HashMap<>();

		seed(this.gateway, this.directory.resolve("demo.properties"), names);

		assertThat(names.values()).containsExactlyInAnyOrder("Acme Dental", "Bolt Fitness");
	}

	private Welcome.DemoKeys seed() throws IOException, InterruptedException {
		return seed(this.gateway, this.directory.resolve("demo.properties"), new HashMap<>());
	}

	private static Welcome.DemoKeys seed(StubGateway gateway, Path file, Map<String, String> names)
			throws IOException, InterruptedException {
		return new DemoSeed(new GatewayApi(gateway.base()), new KeptProperties(file, "test"), STORY,
				StubGateway.PLATFORM_TOKEN)
			.seed(names::put);
	}

	private void assertTheDemoIsThereOnce(Welcome.DemoKeys keys) {
		assertTheDemoIsThereOnce(this.gateway, keys);
	}

	private static void assertTheDemoIsThereOnce(StubGateway gateway, Welcome.DemoKeys keys) {
		assertThat(gateway.agencies()).isEqualTo(1);
		assertThat(gateway.providers()).isEqualTo(1);
		assertThat(gateway.clients()).extracting((client) -> client.path("nickname").asString())
			.containsExactly("Acme Dental", "Bolt Fitness");
		assertThat(gateway.questions()).containsExactly("Acme Dental one", "Acme Dental two", "Bolt Fitness one",
				"Bolt Fitness two");
		assertThat(gateway.knowsToken(keys.adminToken())).isTrue();
		assertThat(gateway.knowsChannelKey(keys.channelKey())).isTrue();
	}

	private static DemoStory.Client client(String name, ChargeBy chargeBy, long billingUnit, Report report) {
		return new DemoStory.Client(name, chargeBy, billingUnit, report, "cus_x", "prod_x", "price_x",
				List.of(name + " one", name + " two"));
	}

}
