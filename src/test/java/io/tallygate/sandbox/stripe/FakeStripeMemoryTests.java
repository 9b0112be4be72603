package io.tallygate.sandbox.stripe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.model.Subscription;
import com.stripe.model.billing.MeterEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

/** What a fake Stripe still knows after it stopped, or was stopped. */
class FakeStripeMemoryTests {

	@TempDir
	private Path directory;

	@Test
	void aCrashForgetsNothingThatWasAnswered() throws StripeException {
		try (FakeStripeFixture stripe = new FakeStripeFixture(this.directory)) {
			String customer = stripe.customer().getId();
			String meter = stripe.meter("tokens").getId();
			MeterEvent event = stripe.report("tokens", customer, "u:1", 5);
			List<AcceptedEvent> before = stripe.stripe().transcript();

			try (FakeStripe crashed = stripe.stripe()) {
				stripe.crash();

				assertThat(crashed.port()).isNotEqualTo(stripe.stripe().port());
				assertThat(stripe.stripe().transcript()).isEqualTo(before);
				assertThat(stripe.client().v1().customers().retrieve(customer).getName()).isEqualTo("Acme");
				assertThat(stripe.client().v1().billing().meters().retrieve(meter).getStatus()).isEqualTo("active");
				assertThat(stripe.report("tokens", customer, "u:1", 5).toJson()).isEqualTo(event.toJson());
				assertThat(FakeStripeFixture
					.refusal(() -> stripe.report(FakeStripeFixture.event("tokens", customer, "u:1", 5).build(), "k")))
					.hasMessageContaining("already exists");
			}
		}
	}

	@Test
	void aStored500SurvivesARestart() throws StripeException {
		try (FakeStripeFixture stripe = new FakeStripeFixture(this.directory)) {
			String customer = stripe.customer().getId();
			stripe.meter("tokens");
			stripe.stripe().fail(Fault.next(1, Fault.Kind.SERVER_ERROR));
			FakeStripeFixture.refusal(() -> stripe.report("tokens", customer, "u:1", 5));

			stripe.restart();

			assertThat(FakeStripeFixture.refusal(() -> stripe.report("tokens", customer, "u:1", 5)).getStatusCode())
				.isEqualTo(500);
		}
	}

	@Test
	void aKeyMadeLaterStillOpensAfterARestart() throws StripeException {
		try (FakeStripeFixture stripe = new FakeStripeFixture(this.directory)) {
			SandboxKey key = stripe.stripe().newKey("acct_new", "New Agency", null);

			stripe.restart();

			StripeClient client = stripe.client(key);
			assertThat(client.v1().accounts().retrieveCurrent().getId()).isEqualTo("acct_new");
		}
	}

	@Test
	void aTornLastLineIsDroppedAndWritingGoesOnAfterTheWholeOnes() throws IOException, StripeException {
		Path journal = this.directory.resolve(Journal.FILE_NAME);
		try (FakeStripeFixture stripe = new FakeStripeFixture(this.directory)) {
			String kept = stripe.customer().getId();
			stripe.stripe().close();
			Files.writeString(journal, "{\"account\":\"acct_one\",\"chan", StandardOpenOption.APPEND);

			stripe.crash();
			String later = stripe.customer().getId();
			stripe.restart();

			assertThat(stripe.client().v1().customers().list().getData()).extracting((customer) -> customer.getId())
				.containsExactly(later, kept);
		}
	}

	@Test
	void aDamagedLineInTheMiddleIsNotPassedOver() throws IOException {
		Path journal = this.directory.resolve(Journal.FILE_NAME);
		Files.writeString(journal, "{\"account\":\n{\"account\":\"acct_one\",\"changes\":[]}\n");

		assertThatIOException().isThrownBy(() -> Journal.open(this.directory, (line) -> {
		})).withMessageContaining("damaged at byte 0");
	}

	@Test
	void theDemoIsThereOnceHoweverOftenItStarts() throws StripeException {
		DemoCatalogue demo = DemoCatalogue.get();
		try (FakeStripeFixture stripe = new FakeStripeFixture(FakeStripeOptions.in(this.directory).withDemo())) {
			stripe.restart();
			StripeClient client = stripe.client(demo.key());

			assertThat(client.v1().accounts().retrieveCurrent().getSettings().getDashboard().getDisplayName())
				.isEqualTo("Alpaca Agency");
			assertThat(client.v1().products().list().getData()).hasSize(1);
			assertThat(client.v1().billing().meters().list().getData()).extracting((meter) -> meter.getEventName())
				.containsExactly("alpaca_ai_messages", "alpaca_ai_units", "alpaca_ai_tokens");
			assertThat(client.v1().prices().retrieve(demo.tokens().priceId()).getTransformQuantity().getDivideBy())
				.isEqualTo(1_000);
			assertThat(client.v1().prices().retrieve(demo.units().priceId()).getUnitAmount()).isEqualTo(10);
			for (DemoCatalogue.Customer customer : demo.customers()) {
				Subscription subscription = client.v1().subscriptions().retrieve(customer.subscriptionId());
				assertThat(subscription.getCustomer()).isEqualTo(customer.id());
				assertThat(subscription.getStatus()).isEqualTo("active");
				assertThat(subscription.getItems().getData().get(0).getPrice().getId())
					.isEqualTo(customer.charge().priceId());
			}
		}
	}

}
