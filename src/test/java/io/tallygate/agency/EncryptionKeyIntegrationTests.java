package io.tallygate.agency;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import io.tallygate.agency.SealedSecrets.Sealed;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.core.Secret;
import io.tallygate.core.SecretBox;
import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.support.RunningGateway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** What a start says of secrets that the encryption keys do not open. */
@ExtendWith(OutputCaptureExtension.class)
class EncryptionKeyIntegrationTests {

	private static final String OLD = "A".repeat(43) + "=";

	private static final String OTHER = "B".repeat(42) + "A=";

	private static final String DOES_NOT_OPEN = "TALLYGATE_ENCRYPTION_KEY does not open";

	private static RunningGateway gateway;

	private static String agency;

	private static String provider;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start();
		RunningGateway.Agency made = gateway.agency();
		agency = gateway.sql().sql("select id from agency").query(String.class).single();
		provider = gateway.sql().sql("select id from provider").query(String.class).single();
		made.call("POST", "/stripe/webhook_endpoints", Map.of("url", "http://localhost:8080"));
		made.call("PUT", "/stripe_connection", Map.of("secret_key", DemoCatalogue.KEY.secret().reveal(),
				"webhook_secrets", List.of("whsec_that_was_replaced")));
		made.call("PUT", "/stripe_connection", Map.of("secret_key", DemoCatalogue.KEY.secret().reveal(),
				"webhook_secrets", List.of("whsec_that_is_in_use")));
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	void aStartWithAnotherKeyNamesTheAgencyAndWhatMustBeEnteredAgainAndGoesOn(CapturedOutput output) {
		try (ConfigurableApplicationContext replica = replica(OTHER)) {
			List<String> told = output.getOut().lines().filter((line) -> line.contains(DOES_NOT_OPEN)).toList();

			assertThat(told).singleElement()
				.asString()
				.contains("ERROR", agency + " (Acme)", "its Stripe key (PUT /admin/v1/stripe_connection)",
						"the provider Models (PATCH /admin/v1/providers/" + provider + ")",
						"secret ending in _use (webhook_secrets of PUT /admin/v1/stripe_connection)",
						"its snapshot webhook endpoint (POST /admin/v1/stripe/webhook_endpoints)",
						"its thin webhook endpoint (POST /admin/v1/stripe/webhook_endpoints)")
				.doesNotContain("aced", "whsec_", DemoCatalogue.KEY.secret().reveal());
			assertThat(replica.isActive()).isTrue();
		}
	}

	@Test
	void aStartWithTheKeyThatSealedAnywhereAmongTheKeysSaysNothing(CapturedOutput output) {
		try (ConfigurableApplicationContext replica = replica(OTHER + "," + OLD)) {
			assertThat(output.getOut()).doesNotContain("TALLYGATE_ENCRYPTION_KEY", "sealed");
			assertThat(replica.isActive()).isTrue();
		}
	}

	@Test
	void pageByPageATableIsReadToItsEnd() {
		try (ConfigurableApplicationContext replica = replica(OLD)) {
			assertThat(replica.getBeansOfType(SealedSecrets.class).values()).hasSize(3).allSatisfy((table) -> {
				List<String> all = ids(table, "", 100);

				assertThat(all).isNotEmpty();
				assertThat(ids(table, "", 1)).isEqualTo(all.subList(0, 1));
				assertThat(ids(table, all.get(0), 100)).isEqualTo(all.subList(1, all.size()));
				assertThat(ids(table, all.get(all.size() - 1), 100)).isEmpty();
			});
		}
	}

	private static List<String> ids(SealedSecrets table, String after, int limit) {
		return table.after(after, limit).block(RunningGateway.PATIENCE).stream().map(Sealed::id).toList();
	}

	@Test
	void whatDoesNotOpenIsFoundOnEveryPageAndNamedWithinBounds(CapturedOutput output) {
		SealedSecrets table = table(IntStream.range(0, 1_000).mapToObj(EncryptionKeyIntegrationTests::sealed).toList());
		EncryptionKeyCheck check = new EncryptionKeyCheck(List.of(table));

		check.start();
		await().atMost(RunningGateway.PATIENCE).until(() -> !check.isRunning());

		assertThat(output.getOut().lines().filter((line) -> line.contains(DOES_NOT_OPEN))).hasSize(101)
			.allSatisfy((line) -> assertThat(line).hasSizeLessThan(1_000))
			.first()
			.asString()
			.contains("secret 0, secret 1,", "secret 9 and 2 more");
		assertThat(output.getOut()).contains("secret 110.", "does not open 889 secrets of further agencies either");
	}

	@Test
	void aTableThatCannotBeReadIsToldAndThoseBeforeItAreTold(CapturedOutput output) {
		EncryptionKeyCheck check = new EncryptionKeyCheck(List.of(table(List.of(sealed(0))),
				(id, limit) -> Mono.error(new IllegalStateException("PostgreSQL went"))));

		check.start();
		await().atMost(RunningGateway.PATIENCE).until(() -> !check.isRunning());

		assertThat(output.getOut()).contains("secret 0", "not looked at to the end: PostgreSQL went",
				"Not all that is sealed was looked at");
	}

	/** Once it has looked. */
	private static ConfigurableApplicationContext replica(String keys) {
		ConfigurableApplicationContext replica = gateway.replica("tallygate.encryption-key=" + keys);
		EncryptionKeyCheck check = replica.getBean(EncryptionKeyCheck.class);
		await().atMost(RunningGateway.PATIENCE).until(() -> !check.isRunning());
		return replica;
	}

	private static SealedSecrets table(List<Sealed> rows) {
		return (id, limit) -> Mono
			.just(rows.stream().filter((row) -> row.id().compareTo(id) > 0).limit(limit).toList());
	}

	/** The first twelve are one agency's, each other is of an agency of its own. */
	private static Sealed sealed(int number) {
		byte[] sealed = new SecretBox(List.of(new byte[32])).seal("test", "row", Secret.of("secret-of-a-test"));
		SecretBox other = new SecretBox(List.of("B".repeat(32).getBytes(StandardCharsets.US_ASCII)));
		return new Sealed(String.format("row_%06d", number),
				new AgencyId(AgencyId.PREFIX + String.format("%0" + Ids.BODY_LENGTH + "d", Math.max(11, number))),
				"Acme", "secret " + number, () -> other.open("test", "row", sealed));
	}

}
