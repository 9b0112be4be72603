package io.tallygate.metering;

import java.time.Instant;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.UsagePeriod;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ChannelId;
import io.tallygate.core.Ids;
import io.tallygate.core.ProviderId;
import io.tallygate.core.RequestId;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;

/**
 * A closed exchange, fixed before it is sent anywhere: whoever writes it, however often,
 * writes the same.
 *
 * @param request the exchange
 * @param agency whose client
 * @param account what it is charged to
 * @param channel how it came in
 * @param chargeBy what the quantity counts
 * @param quantity what it adds to the account, in thousandths
 * @param occurredAt when the answer ended, by Redis's clock as this instance knows it,
 * never before an earlier one
 * @param period when the period starts that it belongs to
 * @param instance who relayed it
 * @param outcome how it ended
 */
record Entry(RequestId request, AgencyId agency, AccountKey account, ChannelId channel, ChargeBy chargeBy,
		long quantity, Instant occurredAt, Instant period, String instance, Outcome outcome) {

	private static final int FIELDS = 27;

	/** An entry that belongs to the UTC month in which it occurred. */
	Entry(RequestId request, AgencyId agency, AccountKey account, ChannelId channel, ChargeBy chargeBy, long quantity,
			Instant occurredAt, String instance, Outcome outcome) {
		this(request, agency, account, channel, chargeBy, quantity, occurredAt, UsagePeriod.monthOf(occurredAt).start(),
				instance, outcome);
	}

	/** What a cap counts of it. */
	UsageKey usage() {
		return new UsageKey(this.account.client(), this.chargeBy, this.period);
	}

	/**
	 * The ledger line's id: the request's own body, so that the primary key is "one line
	 * a request".
	 */
	String ledgerId() {
		return Ids.sibling("led_", this.request.value());
	}

	/** What the entry holds in memory while it waits, roughly, in bytes. */
	int weight() {
		return 400 + 2 * this.outcome.model().length();
	}

	/**
	 * One line of text, version first: what Redis keeps until PostgreSQL has it. Version
	 * 1 belongs to the UTC month in which it occurred, and everybody can read it; only an
	 * entry of another period needs version 2, which ends in the period.
	 */
	String encode() {
		boolean isMonthly = this.period.equals(UsagePeriod.monthOf(this.occurredAt).start());
		return isMonthly ? fields("1") : fields("2") + "\t" + micros(this.period);
	}

	private String fields(String version) {
		Outcome o = this.outcome;
		Usage u = (o.usage() != null) ? o.usage() : new Usage(null, null, null, null, null, null);
		return String.join("\t", version, this.request.value(), this.agency.value(), this.account.text(),
				this.channel.value(), this.chargeBy.name(), Long.toString(this.quantity),
				Long.toString(micros(this.occurredAt)), this.instance, text(o.provider()), escape(o.model()), o.api(),
				o.status().name(), (o.usage() != null) ? "1" : "0", text(u.input()), text(u.cachedInput()),
				text(u.cacheWrite()), text(u.output()), text(u.reasoning()), text(u.total()),
				Integer.toString(o.messages()), Integer.toString(o.httpStatus()), o.streamed() ? "1" : "0",
				o.clientDisconnected() ? "1" : "0",
				(o.providerRequestId() != null) ? "=" + escape(o.providerRequestId()) : "",
				Long.toString(o.durationMs()), text(o.ttftMs()));
	}

	/**
	 * Reads what {@link #encode} wrote.
	 * @throws IllegalArgumentException if it is no such line
	 */
	static Entry decode(String line) {
		String[] f = line.split("\t", -1);
		boolean namesItsPeriod = f[0].equals("2");
		if (f.length != (namesItsPeriod ? FIELDS + 1 : FIELDS) || !(namesItsPeriod || f[0].equals("1"))) {
			throw new IllegalArgumentException("A pending entry of version 1 has " + FIELDS
					+ " fields and one of version 2 another, this one of version '" + f[0] + "' has " + f.length);
		}
		Usage usage = f[13].equals("1")
				? new Usage(number(f[14]), number(f[15]), number(f[16]), number(f[17]), number(f[18]), number(f[19]))
				: null;
		Outcome outcome = new Outcome(f[9].isEmpty() ? null : new ProviderId(f[9]), unescape(f[10]), f[11],
				Outcome.Status.valueOf(f[12]), usage, Integer.parseInt(f[20]), Integer.parseInt(f[21]),
				f[22].equals("1"), f[23].equals("1"), f[24].isEmpty() ? null : unescape(f[24].substring(1)),
				Long.parseLong(f[25]), number(f[26]));
		Instant occurredAt = instant(Long.parseLong(f[7]));
		Instant period = namesItsPeriod ? instant(Long.parseLong(f[FIELDS])) : UsagePeriod.monthOf(occurredAt).start();
		return new Entry(new RequestId(f[1]), new AgencyId(f[2]), AccountKey.parse(f[3]), new ChannelId(f[4]),
				ChargeBy.valueOf(f[5]), Long.parseLong(f[6]), occurredAt, period, f[8], outcome);
	}

	private static String text(@Nullable Object value) {
		return (value != null) ? value.toString() : "";
	}

	private static @Nullable Long number(String field) {
		return field.isEmpty() ? null : Long.valueOf(field);
	}

	private static long micros(Instant at) {
		return Math.addExact(Math.multiplyExact(at.getEpochSecond(), 1_000_000L), at.getNano() / 1000);
	}

	private static Instant instant(long micros) {
		return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000);
	}

	private static String escape(String text) {
		return (text.indexOf('\t') < 0 && text.indexOf('\\') < 0) ? text
				: text.replace("\\", "\\\\").replace("\t", "\\t");
	}

	private static String unescape(String text) {
		if (text.indexOf('\\') < 0) {
			return text;
		}
		StringBuilder meant = new StringBuilder(text.length());
		for (int i = 0; i < text.length(); i++) {
			char next = text.charAt(i);
			if (next == '\\' && i + 1 < text.length()) {
				i++;
				next = (text.charAt(i) == 't') ? '\t' : text.charAt(i);
			}
			meant.append(next);
		}
		return meant.toString();
	}

}
