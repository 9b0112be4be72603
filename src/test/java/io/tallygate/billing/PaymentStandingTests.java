package io.tallygate.billing;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

import io.tallygate.billing.PaymentPolicy.DecidedBy;
import io.tallygate.billing.PaymentPolicy.OnOwing;
import io.tallygate.stripe.StripeSubscription;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class PaymentStandingTests {

	private static final Instant NOW = Instant.parse("2026-03-10T12:30:00Z");

	private static final String PRICE = "price_1";

	@ParameterizedTest
	@CsvSource({ "active, active, false", "trialing, trialing, false", "past_due, past_due, true",
			"unpaid, unpaid, true", "canceled, canceled, true", "incomplete, incomplete, false",
			"paused, paused, false", "incomplete_expired, incomplete_expired, true", "canceled active, active, false",
			"active unpaid, active, false", "canceled unpaid, unpaid, true", "canceled past_due unpaid, past_due, true",
			"something_new, something_new, false" })
	void theBestOfACustomersSubscriptionsCounts(String all, String status, boolean owes) {
		PaymentStanding standing = PaymentStanding.UNREAD.read(subscriptions(all.split(" ")), PRICE, NOW);

		assertThat(standing.status()).isEqualTo(status);
		assertThat(standing.owingSince() != null).isEqualTo(owes);
		assertThat(standing.alarms()).hasSize(owes ? 1 : 0);
	}

	@Test
	void subscriptionsToOtherPricesDoNotCount() {
		StripeSubscription other = new StripeSubscription("sub_1", "unpaid",
				List.of(new StripeSubscription.Item("price_2", null, NOW, NOW.plusSeconds(60))), null);

		PaymentStanding standing = PaymentStanding.UNREAD.read(List.of(other), PRICE, NOW);

		assertThat(standing.status()).isEqualTo(PaymentStanding.NONE);
		assertThat(standing.alarms()).isEmpty();
	}

	@Test
	void whatIsOwedIsOwedSinceItBegan() {
		PaymentStanding first = PaymentStanding.UNREAD.read(subscriptions("past_due"), PRICE, NOW);

		PaymentStanding later = first.read(subscriptions("unpaid"), PRICE, NOW.plusSeconds(500));

		assertThat(later.owingSince()).isEqualTo(NOW);
	}

	@Test
	void aPaymentEndsIt() {
		PaymentStanding owing = PaymentStanding.UNREAD.with(suspending(Duration.ZERO))
			.read(subscriptions("unpaid"), PRICE, NOW);

		PaymentStanding paid = owing.read(subscriptions("active"), PRICE, NOW.plusSeconds(1));

		assertThat(owing.isHeld(NOW)).isTrue();
		assertThat(paid.isHeld(NOW.plusSeconds(1))).isFalse();
		assertThat(paid.alarms()).isEmpty();
	}

	@Test
	void aClientIsHeldByPolicyAndNotBeforeItsGraceIsOver() {
		PaymentStanding warned = PaymentStanding.UNREAD.read(subscriptions("unpaid"), PRICE, NOW);
		PaymentStanding suspended = warned.with(suspending(Duration.ofHours(2)));

		assertThat(warned.isHeld(NOW.plus(Duration.ofDays(365)))).isFalse();
		assertThat(suspended.isHeld(NOW.plus(Duration.ofHours(2)).minusSeconds(1))).isFalse();
		assertThat(suspended.isHeld(NOW.plus(Duration.ofHours(2)))).isTrue();
		assertThat(suspended.alarms().get(0).message()).contains("402 from 2026-03-10T14:30:00Z");
	}

	private static PaymentPolicy suspending(Duration grace) {
		return new PaymentPolicy(OnOwing.SUSPEND, grace, DecidedBy.CLIENT);
	}

	private static List<StripeSubscription> subscriptions(String... statuses) {
		return Arrays.stream(statuses)
			.map((status) -> new StripeSubscription("sub_" + status, status,
					List.of(new StripeSubscription.Item(PRICE, "mtr_1", NOW.minusSeconds(60), NOW.plusSeconds(60))),
					null))
			.toList();
	}

}
