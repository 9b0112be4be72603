package io.tallygate.relay;

import java.time.Duration;

import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.metering.Admission.RateStanding;
import io.tallygate.metering.Admission.Rates;
import org.jspecify.annotations.Nullable;

/**
 * The headers by which OpenAI's clients pace themselves. Those of a provider stand where
 * it leaves less than we do; otherwise they are ours, because what holds is the tighter
 * of the two.
 */
final class RateHeaders {

	private static final String PREFIX = "x-ratelimit-";

	private RateHeaders() {
	}

	/** Writes how {@code rates} stand into an answer that has the provider's headers. */
	static void write(Rates rates, HttpHeaders to) {
		write("requests", rates.requests(), to);
		write("tokens", rates.tokens(), to);
	}

	private static void write(String what, @Nullable RateStanding ours, HttpHeaders to) {
		if (ours != null && !isTighter(to.get(PREFIX + "remaining-" + what), ours)) {
			to.set(PREFIX + "limit-" + what, Long.toString(ours.limit()));
			to.set(PREFIX + "remaining-" + what, Long.toString(ours.remaining()));
			to.set(PREFIX + "reset-" + what, text(ours.reset()));
		}
	}

	private static boolean isTighter(@Nullable String remaining, RateStanding ours) {
		try {
			return remaining != null && Long.parseLong(remaining.strip()) < ours.remaining();
		}
		catch (NumberFormatException ex) {
			return false;
		}
	}

	/** A duration as Go writes it: {@code 12ms}, {@code 1.5s}, {@code 6m0s}. */
	static String text(Duration duration) {
		long millis = duration.toMillis();
		if (millis < 1000) {
			return (millis == 0) ? "0s" : millis + "ms";
		}
		String seconds = java.math.BigDecimal.valueOf(millis % 60_000, 3).stripTrailingZeros().toPlainString() + "s";
		long minutes = millis / 60_000;
		if (minutes == 0) {
			return seconds;
		}
		return (minutes < 60) ? minutes + "m" + seconds : minutes / 60 + "h" + minutes % 60 + "m" + seconds;
	}

}
