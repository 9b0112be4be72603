package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.Locale;

import io.tallygate.core.Faults;
import io.tallygate.stripe.NewPrice;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What is said of things that are to be made at Stripe, and its rules. */
final class StripeBodies {

	private static final int ID_LENGTH_MAX = 255;

	private static final int URL_LENGTH_MAX = 2_048;

	/** Stripe's own bounds. */
	private static final int DECIMALS_MAX = 12;

	private static final BigDecimal AMOUNT_MAX = BigDecimal.valueOf(99_999_999);

	private StripeBodies() {
	}

	/** A meter. */
	record Meter(@Nullable String displayName, @Nullable String eventName) {

		/** The same without anything missing. */
		record NewMeter(String displayName, String eventName) {
		}

		NewMeter checked() {
			Faults faults = new Faults();
			NewMeter checked = new NewMeter(faults.text("/display_name", this.displayName, 250),
					faults.text("/event_name", this.eventName, 100));
			faults.throwIfAny();
			return checked;
		}

	}

	/** A product. */
	record Product(@Nullable String name, @Nullable String description) {

		/** The same without anything missing. */
		record NewProduct(String name, @Nullable String description) {
		}

		NewProduct checked() {
			Faults faults = new Faults();
			NewProduct checked = new NewProduct(faults.text("/name", this.name, 250),
					faults.optionalText("/description", this.description, 1_000));
			faults.throwIfAny();
			return checked;
		}

	}

	/**
	 * A price. Its amount is given in one of two ways: whole minor units, or a decimal as
	 * text or number.
	 */
	record Price(@Nullable String productId, @Nullable String productName, @Nullable String meterId,
			@Nullable String currency, @Nullable Long unitAmount, @Nullable JsonNode unitAmountDecimal,
			@Nullable Long packageSize, @Nullable Round round, @Nullable Interval interval,
			@Nullable TaxBehavior taxBehavior) {

		enum Round {

			UP, DOWN

		}

		enum Interval {

			DAY, WEEK, MONTH, YEAR

		}

		enum TaxBehavior {

			EXCLUSIVE, INCLUSIVE, UNSPECIFIED

		}

		/** The price that is meant, or a 422 that names all faults. */
		NewPrice checked() {
			Faults faults = new Faults();
			faults.unless((this.productId == null) != (this.productName == null), "/product_id",
					"Give product_id, or product_name for a new product");
			String product = faults.optionalText("/product_id", this.productId, ID_LENGTH_MAX);
			String name = faults.optionalText("/product_name", this.productName, 250);
			String meter = faults.text("/meter_id", this.meterId, ID_LENGTH_MAX);
			String code = faults.text("/currency", this.currency, 3).toLowerCase(Locale.ROOT);
			faults.unless(code.isEmpty() || code.matches("[a-z]{3}"), "/currency",
					"currency must be three letters such as usd but was '" + this.currency + "'");
			BigDecimal amount = amount(faults);
			faults.unless(this.packageSize == null || this.packageSize >= 1, "/package_size",
					"package_size must be at least 1 but was " + this.packageSize);
			long size = (this.packageSize != null) ? this.packageSize : 1;
			faults.unless(this.round == null || size > 1, "/round",
					"round says what becomes of an incomplete package: give it with a package_size over 1");
			faults.unless(this.interval != null, "/interval", "interval is required: day, week, month or year");
			faults.throwIfAny();
			return new NewPrice(product, name, meter, code, amount, size, this.round != Round.DOWN,
					String.valueOf(this.interval).toLowerCase(Locale.ROOT),
					(this.taxBehavior != null) ? this.taxBehavior.name().toLowerCase(Locale.ROOT) : null);
		}

		private BigDecimal amount(Faults faults) {
			boolean isWhole = this.unitAmount != null;
			boolean isDecimal = this.unitAmountDecimal != null && !this.unitAmountDecimal.isNull();
			if (isWhole == isDecimal) {
				faults.add("/unit_amount",
						"Give unit_amount in whole minor units (4 is 4 cents), or unit_amount_decimal (\"0.004\")");
				return BigDecimal.ZERO;
			}
			String pointer = isWhole ? "/unit_amount" : "/unit_amount_decimal";
			BigDecimal amount = (this.unitAmount != null) ? BigDecimal.valueOf(this.unitAmount)
					: decimal(this.unitAmountDecimal);
			if (amount == null || amount.signum() < 0 || amount.stripTrailingZeros().scale() > DECIMALS_MAX
					|| amount.compareTo(AMOUNT_MAX) > 0) {
				faults.add(pointer, pointer.substring(1) + " must be from 0 to " + AMOUNT_MAX + " minor units"
						+ (isWhole ? "" : ", with at most " + DECIMALS_MAX + " decimals"));
				return BigDecimal.ZERO;
			}
			return amount;
		}

		private static @Nullable BigDecimal decimal(@Nullable JsonNode node) {
			String text = (node != null && (node.isString() || node.isNumber())) ? node.asString() : "";
			try {
				return (text.length() <= 40) ? new BigDecimal(text) : null;
			}
			catch (NumberFormatException ex) {
				return null;
			}
		}

	}

	/** A subscription. */
	record Subscription(@Nullable String customerId, @Nullable String priceId, @Nullable Boolean automaticTax) {
	}

	/** A page to subscribe on. */
	record Checkout(@Nullable String customerId, @Nullable String priceId, @Nullable String successUrl,
			@Nullable String cancelUrl) {
	}

	/** A card in the making. */
	record SetupIntent(@Nullable String customerId) {
	}

	/** A page to see invoices on. */
	record PortalSession(@Nullable String customerId, @Nullable String returnUrl) {
	}

	/** An id of Stripe's that must be there. */
	static String id(Faults faults, String pointer, @Nullable String value, String prefix) {
		String id = faults.text(pointer, value, ID_LENGTH_MAX);
		faults.unless(id.isEmpty() || id.startsWith(prefix), pointer,
				pointer.substring(1) + " must begin with " + prefix + " but was '" + value + "'");
		return id;
	}

	/**
	 * An address to lead a browser to. Stripe fills placeholders in braces in, so it is
	 * not taken apart.
	 */
	static String url(Faults faults, String pointer, @Nullable String value) {
		String url = faults.text(pointer, value, URL_LENGTH_MAX);
		faults.unless(url.isEmpty() || url.matches("https?://[^\\s/?#]+[^\\s]*"), pointer,
				pointer.substring(1) + " must be an http or https address but was '" + value + "'");
		return url;
	}

}
