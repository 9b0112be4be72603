package io.tallygate.billing;

import java.util.List;
import java.util.Locale;

import io.tallygate.core.Problem;

/**
 * One way in which Stripe would bill something else than a client's terms mean.
 *
 * @param kind which way
 * @param pointer the field of the client that is at fault
 * @param message what would be billed, in plain words
 */
record TermsFinding(Kind kind, String pointer, String message) {

	/** The ways, and whether terms like that are refused or only told. */
	enum Kind {

		PRICE_MISSING(true), PRICE_ARCHIVED(true), PRICE_OF_ANOTHER_PRODUCT(true), PRICE_UNMETERED(true),
		METER_INACTIVE(true), METER_FORMULA(true), METER_TIME_WINDOW(true), METER_MAPPING(true),
		/** Both the gateway and the price divide. */
		DIVIDED_TWICE(true),
		/** Neither does. */
		NOT_DIVIDED(true),
		/** What the gateway shows as a unit is not what Stripe bills as a package. */
		PACKAGE_DIFFERS(false),
		/** The price costs nothing. */
		PRICE_FREE(false), CUSTOMER_MISSING(true), CUSTOMER_DELETED(true), CURRENCY_DIFFERS(true), NOT_SUBSCRIBED(true),
		/** Two subscriptions bill the same price. */
		BILLED_TWICE(true),
		/** Another price of the customer's reads the same meter. */
		BILLED_BESIDES(false),
		/** Stripe could not be asked. */
		UNCHECKED(false);

		private final boolean refused;

		Kind(boolean refused) {
			this.refused = refused;
		}

		/** The name in JSON and in metrics: lower case. */
		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	/** Whether nobody is to be billed like that. */
	boolean isRefused() {
		return this.kind.refused;
	}

	/** What who asked for such terms is told. */
	Problem problem() {
		String code = switch (this.kind) {
			case CUSTOMER_DELETED, CUSTOMER_MISSING -> "stripe_customer_not_found";
			case PRICE_MISSING -> "stripe_price_not_found";
			default -> "price_mode_mismatch";
		};
		return new Problem(422, code, this.message, List.of(new Problem.Field(this.pointer, this.message)));
	}

}
