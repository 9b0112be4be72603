package io.tallygate.stripe;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

import io.tallygate.core.AgencyId;
import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;
import io.tallygate.sandbox.stripe.SandboxKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** The sandbox's Stripe keeps the contract. */
class FakeStripeContractTests extends StripeContract {

	@TempDir
	private Path directory;

	private FakeStripe stripe;

	private Map<AgencyId, String> keys;

	private FakeStripe stripe() {
		if (this.stripe == null) {
			this.stripe = FakeStripe.start(FakeStripeOptions.in(this.directory));
			SandboxKey own = this.stripe.newKey("acct_1", "Alpaca Agency", null);
			SandboxKey restricted = this.stripe.newKey("acct_1", "Alpaca Agency", Set.of("rak_customer_read"));
			this.keys = Map.of(AGENCY, own.secret().reveal(), RESTRICTED, restricted.secret().reveal(), STRANGER,
					"sk_test_sandbox_nobody_made_this_one");
		}
		return this.stripe;
	}

	@Override
	String apiBase() {
		return stripe().baseUrl().toString();
	}

	@Override
	Map<AgencyId, String> keys() {
		stripe();
		return this.keys;
	}

	@Override
	long accepted(String identifier) {
		return this.stripe.transcript().stream().filter((event) -> event.identifier().equals(identifier)).count();
	}

	@AfterEach
	void stop() {
		this.stripe.close();
	}

}
