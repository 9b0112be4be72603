package io.tallygate.client;

import java.util.Locale;

import io.tallygate.core.Faults;
import org.jspecify.annotations.Nullable;

/**
 * What is said of a Stripe customer that is to be made.
 *
 * @param name as it stands on invoices
 * @param email where invoices go
 * @param address for tax and invoices
 */
public record CustomerBody(@Nullable String name, @Nullable String email, @Nullable Address address) {

	private static final int TEXT_LENGTH_MAX = 512;

	private static final int POSTAL_CODE_LENGTH_MAX = 20;

	/**
	 * An address in Stripe's words.
	 *
	 * @param line1 street
	 * @param line2 more of it
	 * @param city town
	 * @param state or province
	 * @param postalCode zip
	 * @param country two letters
	 */
	public record Address(@Nullable String line1, @Nullable String line2, @Nullable String city, @Nullable String state,
			@Nullable String postalCode, @Nullable String country) {

		private Address checked(Faults faults, String below) {
			String code = faults.optionalText(below + "/country", this.country, 2);
			faults.unless(code == null || code.isEmpty() || code.matches("[A-Za-z]{2}"), below + "/country",
					"country must be two letters such as DE but was '" + this.country + "'");
			return new Address(text(faults, below + "/line1", this.line1), text(faults, below + "/line2", this.line2),
					text(faults, below + "/city", this.city), text(faults, below + "/state", this.state),
					faults.optionalText(below + "/postal_code", this.postalCode, POSTAL_CODE_LENGTH_MAX),
					(code != null) ? code.toUpperCase(Locale.ROOT) : null);
		}

		private static @Nullable String text(Faults faults, String pointer, @Nullable String value) {
			return faults.optionalText(pointer, value, TEXT_LENGTH_MAX);
		}

	}

	/** The customer that is meant; what is wrong with it is added to the faults. */
	public StripeGuard.CustomerToMake checked(Faults faults, String below) {
		String checkedName = faults.text(below + "/name", this.name, TEXT_LENGTH_MAX);
		String checkedEmail = faults.text(below + "/email", this.email, TEXT_LENGTH_MAX);
		faults.unless(checkedEmail.isEmpty() || checkedEmail.matches("[^@\\s]+@[^@\\s]+"), below + "/email",
				"email must be an e-mail address but was '" + this.email + "'");
		return new StripeGuard.CustomerToMake(checkedName, checkedEmail,
				(this.address != null) ? this.address.checked(faults, below + "/address") : null);
	}

}
