package io.tallygate.metering;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;

import io.tallygate.client.ChargeBy;
import org.jspecify.annotations.Nullable;

/** What metering says to an exchange that wants to be relayed. */
public sealed interface Admission {

	/** How the client's rates stand after it. */
	Rates rates();

	/** It is marked open and may be relayed; whoever asked must close it. */
	record Admitted(Rates rates) implements Admission {

		/** The same word for all clients without limits. */
		static final Admitted UNLIMITED = new Admitted(Rates.NONE);

	}

	/**
	 * The client's hard cap is reached, or would be if all that runs used what it may.
	 * Nothing is open.
	 *
	 * @param chargeBy what the cap counts
	 * @param cap how much may be used
	 * @param used how much was used
	 * @param reserved the most that running exchanges may use
	 * @param resetsAt when the period ends
	 */
	record CapReached(ChargeBy chargeBy, BigDecimal cap, BigDecimal used, BigDecimal reserved, Instant resetsAt,
			Rates rates) implements Admission {
	}

	/**
	 * A rate is used up. Nothing is open.
	 *
	 * @param what is limited: requests or tokens
	 * @param perMinute how many
	 * @param retryAfter when to try again
	 */
	record RateExceeded(String what, long perMinute, Duration retryAfter, Rates rates) implements Admission {
	}

	/**
	 * How a client's rates stand; {@code null} where it has none.
	 *
	 * @param requests a minute
	 * @param tokens a minute
	 */
	record Rates(@Nullable RateStanding requests, @Nullable RateStanding tokens) {

		/** Not limited. */
		public static final Rates NONE = new Rates(null, null);

	}

	/**
	 * How one rate stands.
	 *
	 * @param limit how many a minute
	 * @param remaining how many may be taken now
	 * @param reset until as many as the limit may be taken
	 */
	record RateStanding(long limit, long remaining, Duration reset) {
	}

}
