package io.tallygate.billing;

import java.time.Duration;
import java.util.Locale;

import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;

/**
 * What is done about a client that owes.
 *
 * @param onOwing what is done
 * @param grace how long a client that owes may go on, where it is suspended
 * @param decidedBy whose decision that is
 */
record PaymentPolicy(OnOwing onOwing, Duration grace, DecidedBy decidedBy) {

	/** What holds where nobody has decided anything. */
	static final PaymentPolicy DEFAULT = new PaymentPolicy(OnOwing.WARN, Duration.ofDays(3), DecidedBy.DEFAULT);

	private static final Duration GRACE_MAX = Duration.ofDays(365);

	/** What may be done about it. */
	enum OnOwing {

		/** An alarm is raised, and its keys go on working. */
		WARN,
		/** Its keys are answered 402 once the grace is over. */
		SUSPEND;

		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

		static OnOwing of(String text) {
			return valueOf(text.toUpperCase(Locale.ROOT));
		}

	}

	/** Whose decision a policy is. */
	enum DecidedBy {

		/** The agency's, about this client alone. */
		CLIENT,
		/** The agency's, about every client that has none of its own. */
		AGENCY,
		/** Nobody's. */
		DEFAULT

	}

	/** As a request has it, or a 422. */
	static PaymentPolicy of(OnOwing onOwing, @Nullable Long graceHours, DecidedBy decidedBy) {
		long hours = (graceHours != null) ? graceHours : DEFAULT.graceHours();
		if (hours < 0 || hours > GRACE_MAX.toHours()) {
			throw Problem.invalid("/grace_hours",
					"grace_hours must be from 0 to " + GRACE_MAX.toHours() + " but was " + graceHours);
		}
		return new PaymentPolicy(onOwing, Duration.ofHours(hours), decidedBy);
	}

	long graceHours() {
		return this.grace.toHours();
	}

}
