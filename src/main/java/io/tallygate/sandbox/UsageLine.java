package io.tallygate.sandbox;

import java.util.Locale;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;

/**
 * What one exchange used and how far the next unit is, in a line for people:
 * {@code 1,240 tokens · unit 2 at 62 % ▓▓▓▓▓▓░░░░}.
 *
 * @param client who is billed, by name
 * @param policy what the client is charged under
 * @param status how the exchange was counted
 * @param usage the counts, if any
 * @param before the account's total before it, in thousandths
 * @param after the account's total with it, in thousandths
 */
record UsageLine(String client, ChargePolicy policy, Outcome.Status status, @Nullable Usage usage, long before,
		long after) {

	private static final int BAR_LENGTH = 10;

	/** The line, no longer than {@code width} characters. */
	String text(int width) {
		String line = "%-16s  %s%s".formatted(shortened(this.client, SandboxConsole.NAME_LENGTH), use(), progress());
		return shortened(line, width);
	}

	/** The units that this exchange completed. */
	long unitsCompleted() {
		return this.after / this.policy.divisor() - this.before / this.policy.divisor();
	}

	private String use() {
		String tokens = counted((this.usage != null) ? this.usage.totalTokens() : 0, "token");
		return switch (this.status) {
			case FREE -> "free";
			case BILLED -> charged(tokens);
			case ESTIMATED -> charged(tokens) + ", estimated";
		};
	}

	private String charged(String tokens) {
		long messages = (this.after - this.before) / ChargePolicy.THOUSANDTHS;
		return (this.policy.chargeBy() == ChargeBy.TOKENS) ? tokens
				: counted(messages, "message") + " (" + tokens + ")";
	}

	private String progress() {
		if (this.policy.report() == Report.USAGE) {
			return String.format(Locale.ROOT, " · %,d in all, Stripe divides", this.after / ChargePolicy.THOUSANDTHS);
		}
		long divisor = this.policy.divisor();
		long rest = this.after % divisor;
		String completed = (unitsCompleted() > 0) ? " · +" + counted(unitsCompleted(), "unit") : "";
		if (rest == 0 && this.after > 0) {
			return completed
					+ String.format(Locale.ROOT, " · unit %,d complete %s", this.after / divisor, bar(BAR_LENGTH));
		}
		long percent = (long) (100.0 * rest / divisor);
		return completed + String.format(Locale.ROOT, " · unit %,d at %d %% %s", this.after / divisor + 1, percent,
				bar((int) (percent * BAR_LENGTH / 100)));
	}

	private static String bar(int filled) {
		return "▓".repeat(filled) + "░".repeat(BAR_LENGTH - filled);
	}

	private static String counted(long count, String what) {
		return String.format(Locale.ROOT, "%,d %s%s", count, what, (count == 1) ? "" : "s");
	}

	static String shortened(String text, int length) {
		return (text.length() <= length) ? text : text.substring(0, length - 1) + "…";
	}

}
