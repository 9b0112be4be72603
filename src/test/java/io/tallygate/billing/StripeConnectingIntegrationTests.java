package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.agency.StripeConnection.Permission;
import io.tallygate.agency.StripeConnections;
import io.tallygate.core.Problem;
import io.tallygate.core.SecretBox;
import io.tallygate.stripe.StripePermission;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import tools.jackson.databind.json.JsonMapper;

import static io.tallygate.billing.StripeRoom.AGENCY;
import static org.assertj.core.api.Assertions.assertThat;

/** How an agency connects its Stripe account. */
class StripeConnectingIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final String KEY = "rk_test_0123456789abcdef";

	private final StripeRoom room = new StripeRoom();

	@AfterEach
	void close() {
		this.room.close();
	}

	@Test
	void aKeyIsStoredWithWhatStripeSaysOfIt() {
		this.room.stripe().hasAccount("acct_1", "invoices");

		connect(KEY);

		StripeConnection stored = StripeRoom.connections(this.room.database()).find(AGENCY).block(PATIENCE);
		assertThat(stored.accountId()).isEqualTo("acct_1");
		assertThat(stored.accountName()).isEqualTo("Agency Ltd");
		assertThat(stored.livemode()).isFalse();
		assertThat(stored.defaultCurrency()).isEqualTo("eur");
		assertThat(stored.keyKind()).isEqualTo(KeyKind.RESTRICTED);
		assertThat(stored.secretKey().reveal()).isEqualTo(KEY);
		assertThat(stored.permissions()).extracting(Permission::resource)
			.containsExactlyElementsOf(
					Arrays.stream(StripePermission.values()).map(StripePermission::resource).toList());
		assertThat(stored.permissions()).filteredOn((permission) -> !permission.ok())
			.singleElement()
			.satisfies((permission) -> assertThat(permission.fix()).contains("'Invoices' to Read", "rak_invoices_read"))
			.satisfies((permission) -> assertThat(permission.neededFor()).contains("the next one"));
	}

	@Test
	void aKeyThatStripeDoesNotKnowIsRefusedInStripesWordsWithoutTheKey() {
		this.room.stripe().refusesTheKey("Invalid API Key provided: " + KEY);

		StepVerifier.create(this.room.connecting().connect(AGENCY, KEY, null))
			.expectErrorSatisfies((error) -> assertThat(error).isInstanceOf(Problem.class)
				.hasMessage("Stripe refuses this key: Invalid API Key provided: ••••")
				.extracting((problem) -> ((Problem) problem).code())
				.isEqualTo("stripe_key_rejected"))
			.verify(PATIENCE);
	}

	@Test
	void aKeyOfAnotherAccountIsRefusedWhileAClientIsBilledThroughThisOne() {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);
		client("acct_1", false);
		this.room.stripe().hasAccount("acct_2");

		expectProblem(this.room.connecting().connect(AGENCY, KEY, null), 409, "stripe_account_mismatch");
	}

	@Test
	void aKeyOfAnotherModeIsRefusedWhileAClientIsBilledThroughThisOne() {
		this.room.stripe().hasAccount("acct_1");
		client("acct_1", false);

		expectProblem(this.room.connecting().connect(AGENCY, "rk_live_0123456789abcdef", null), 409,
				"stripe_account_mismatch");
	}

	@ParameterizedTest
	@CsvSource({ "acct_2, rk_test_0123456789abcdef", "acct_1, rk_live_0123456789abcdef" })
	void aKeyOfAnotherAccountOrModeIsRefusedWhileAClientIsMeteredOnly(String account, String key) {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);
		meteredClient();
		this.room.stripe().hasAccount(account);

		expectProblem(this.room.connecting().connect(AGENCY, key, null), 409, "stripe_account_mismatch");
	}

	@Test
	void clientsThatAreMeteredOnlyAreTakenAlongOnceTheConnectionIsRemoved() {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);
		meteredClient();
		this.room.stripe().hasAccount("acct_2");

		this.room.connecting().disconnect(AGENCY).block(PATIENCE);
		connect(KEY);

		assertThat(this.room.connecting().connection(AGENCY).block(PATIENCE).accountId()).isEqualTo("acct_2");
	}

	@Test
	void anotherKeyOfTheSameAccountTakesThePlaceOfTheFirst() {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);
		client("acct_1", false);

		connect("sk_test_another_key");

		assertThat(this.room.connecting().connection(AGENCY).block(PATIENCE).keyKind()).isEqualTo(KeyKind.SECRET);
	}

	@Test
	void anotherAccountIsTakenOnceTheLastClientIsArchived() {
		this.room.stripe().hasAccount("acct_2");
		client("acct_1", false);
		this.room.database().execute("update client set archived_at = now()");

		connect(KEY);

		assertThat(this.room.connecting().connection(AGENCY).block(PATIENCE).accountId()).isEqualTo("acct_2");
	}

	@ParameterizedTest
	@CsvSource({ "stripe, running", "operator, paused" })
	void aNewKeyMendsADeliveryThatStripeStoppedAndNotOneThatAPersonStopped(String by, String delivery) {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);
		this.room.database()
			.execute("update stripe_connection set delivery = 'paused', paused_by = '" + by + "', paused_at = now()");

		connect(KEY);

		assertThat(this.room.database()
			.system()
			.client()
			.sql("select delivery from stripe_connection")
			.mapValue(String.class)
			.one()
			.block(PATIENCE)).isEqualTo(delivery);
	}

	@Test
	void aRemovedConnectionIsNotFound() {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);

		this.room.connecting().disconnect(AGENCY).block(PATIENCE);

		expectProblem(this.room.connecting().connection(AGENCY), 404, "not_found");
	}

	@Test
	void aPublishableKeyOfAnotherModeIsRefused() {
		StepVerifier.create(this.room.connecting().connect(AGENCY, KEY, "pk_live_1"))
			.expectErrorSatisfies((error) -> assertThat(error)
				.hasMessageContaining("secret_key is of test mode and publishable_key of live mode"))
			.verify(PATIENCE);
		expectProblem(this.room.connecting().connect(AGENCY, KEY, "sk_test_1"), 422, "invalid_request");
	}

	@Test
	void aKeyThatMayNotReadItsAccountIsToldWhatToGrant() {
		this.room.stripe().refusesTheAccount("Having the 'rak_accounts_read' permission would allow this");

		StepVerifier.create(this.room.connecting().connect(AGENCY, KEY, null))
			.expectErrorSatisfies((error) -> assertThat(error).hasMessageContaining("set 'Accounts' to Read")
				.hasMessageContaining("rak_accounts_read"))
			.verify(PATIENCE);
	}

	@Test
	void theRightsOfASecretKeyAreNotTried() {
		this.room.stripe().hasAccount("acct_1");

		connect("sk_test_another_key");

		assertThat(this.room.stripe().posts()).isZero();
		assertThat(this.room.connecting().connection(AGENCY).block(PATIENCE).permissions()).allMatch(Permission::ok);
	}

	@Test
	void theKeyIsNotReadableInTheDatabase() {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);

		String row = this.room.database()
			.system()
			.client()
			.sql("select encode(sealed_key, 'escape') || stripe_connection::text as row from stripe_connection")
			.mapValue(String.class)
			.one()
			.block(PATIENCE);

		assertThat(row).doesNotContain(KEY);
	}

	@Test
	void aKeySealedUnderAnotherEncryptionKeyHasToBeEnteredAgain() {
		this.room.stripe().hasAccount("acct_1");
		connect(KEY);
		byte[] another = new byte[32];
		another[0] = 1;
		StripeConnections elsewhere = new StripeConnections(this.room.database().system(),
				this.room.database().tenant(), new SecretBox(List.of(another)), JsonMapper.builder().build(),
				Clock.systemUTC());

		expectProblem(new StripeConnecting(elsewhere, this.room.catalogue(), false).connection(AGENCY), 422,
				"stripe_key_sealed");
	}

	private void connect(String key) {
		this.room.connecting().connect(AGENCY, key, null).block(PATIENCE);
	}

	private void meteredClient() {
		this.room.database()
			.execute("insert into client (id, agency_id, nickname, platform) values ('cli_1', '" + AGENCY
					+ "', 'c', 'api')");
	}

	private void client(String account, boolean livemode) {
		meteredClient();
		this.room.database()
			.execute(
					"insert into lane (agency_id, client_id, stripe_account, livemode, customer, meter_id, event_name) "
							+ "values ('" + AGENCY + "', 'cli_1', '" + account + "', " + livemode
							+ ", 'cus_1', 'mtr_1', 'tokens')");
	}

	private static void expectProblem(Mono<?> outcome, int status, String code) {
		StepVerifier.create(outcome).expectErrorSatisfies((error) -> {
			assertThat(error).isInstanceOf(Problem.class);
			assertThat(((Problem) error).status()).isEqualTo(status);
			assertThat(((Problem) error).code()).isEqualTo(code);
		}).verify(PATIENCE);
	}

}
