package io.tallygate.billing;

import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.core.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** What a Stripe key says about itself. */
class KeyCheckTests {

	@ParameterizedTest
	@CsvSource({ "sk_test_abcdefgh, SECRET, false", "rk_test_abcdefgh, RESTRICTED, false",
			"sk_live_abcdefgh, SECRET, true", "' rk_live_abcdefgh\n', RESTRICTED, true" })
	void aKeySaysItsKindAndMode(String entered, KeyKind kind, boolean livemode) {
		KeyCheck check = KeyCheck.of(entered, false);

		assertThat(check.kind()).isEqualTo(kind);
		assertThat(check.livemode()).isEqualTo(livemode);
		assertThat(check.key().reveal()).isEqualTo(entered.strip());
	}

	@ParameterizedTest
	@CsvSource({ "pk_test_abcdefgh, publishable", "whsec_abcdefgh, webhook", "ek_test_abcdefgh, ephemeral",
			"acct_abcdefgh, account id", "sk_org_live_abcdefgh, organisation", "'', missing", ", missing",
			"hello, no Stripe API key", "sk_test_, no Stripe API key", "sk_test_a b, no Stripe API key" })
	void whatCannotBillIsRefusedByKindAndNotRepeated(String entered, String because) {
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> KeyCheck.of(entered, false))
			.satisfies((problem) -> assertThat(problem.code()).isEqualTo("stripe_key_rejected"))
			.withMessageContaining(because)
			.satisfies((problem) -> assertThat(problem.getMessage()).doesNotContain("abcdefgh"));
	}

	@Test
	void theSandboxTakesNoLiveKey() {
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> KeyCheck.of("sk_live_abcdefgh", true))
			.satisfies((problem) -> assertThat(problem.code()).isEqualTo("live_key_in_sandbox"));
	}

}
