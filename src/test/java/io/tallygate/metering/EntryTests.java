package io.tallygate.metering;

import java.time.Instant;

import io.tallygate.client.ChargeBy;
import io.tallygate.core.ProviderId;
import io.tallygate.core.RequestId;
import io.tallygate.client.Terms;
import io.tallygate.core.ChannelId;
import io.tallygate.fault.Matrix;
import io.tallygate.provider.Usage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class EntryTests {

	private final Terms terms = Exchanges.terms(1);

	@Property(tries = 500)
	void whatRedisKeepsIsTheEntryAgain(@ForAll String model, @ForAll String providerRequest,
			@ForAll @LongRange(min = 0, max = Usage.COUNT_MAX) long input, @ForAll boolean flag, @ForAll long quantity,
			@ForAll @LongRange(min = 0, max = 4_000_000_000L) long second) {
		Outcome outcome = new Outcome(flag ? new ProviderId(Exchanges.IDS.next("prv_")) : null, model,
				"chat.completions", Outcome.Status.ESTIMATED,
				new Usage(input, flag ? null : 0L, null, null, flag ? 7L : null, null), 1, 200, flag, !flag,
				flag ? null : providerRequest, 5, flag ? 3L : null);
		Entry entry = new Entry(new RequestId(Exchanges.IDS.next("req_")), this.terms.agency(),
				new AccountKey(this.terms.client(), 3), new ChannelId(Exchanges.IDS.next("chn_")), ChargeBy.TOKENS,
				quantity, Instant.ofEpochSecond(second, 123_456_000), "ins_a", outcome);

		assertThat(Entry.decode(entry.encode())).isEqualTo(entry);
	}

	@ParameterizedTest
	@ValueSource(strings = { "a\\tb", "a\\\tb", "\\\\t", "\t\\", "t\\n" })
	void whatLooksEscapedIsKeptAsItIs(String model) {
		Outcome outcome = new Outcome(null, model, "chat.completions", Outcome.Status.FREE, null, 0, 502, false, false,
				model, 5, null);
		Entry entry = new Entry(new RequestId(Exchanges.IDS.next("req_")), this.terms.agency(),
				new AccountKey(this.terms.client(), 1), new ChannelId(Exchanges.IDS.next("chn_")), ChargeBy.MESSAGES, 0,
				Exchanges.NOON, "ins_a", outcome);

		assertThat(Entry.decode(entry.encode())).isEqualTo(entry);
	}

	@Test
	void aFreeEntryHasNoUsage() {
		Outcome outcome = new Outcome(null, "m", "chat.completions", Outcome.Status.FREE, null, 0, 502, false, false,
				null, 5, null);
		Entry entry = new Entry(new RequestId(Exchanges.IDS.next("req_")), this.terms.agency(),
				new AccountKey(this.terms.client(), 1), new ChannelId(Exchanges.IDS.next("chn_")), ChargeBy.MESSAGES, 0,
				Exchanges.NOON, "ins_a", outcome);

		assertThat(Entry.decode(entry.encode())).isEqualTo(entry);
	}

	@Test
	@Matrix(41)
	void anEntryOfItsMonthIsWrittenAsTheFormerVersionReadsIt() {
		Entry entry = Exchanges.entry(this.terms, 7, Exchanges.MONTHS_END);

		assertThat(entry.period()).isEqualTo("2026-11-01T00:00:00Z");
		assertThat(entry.encode().split("\t", -1)).hasSize(27).startsWith("1");
		assertThat(Entry.decode(entry.encode())).isEqualTo(entry);
	}

	@Test
	void anEntryOfAnotherPeriodKeepsIt() {
		Entry monthly = Exchanges.entry(this.terms, 7, Exchanges.NOON);
		Entry entry = new Entry(monthly.request(), monthly.agency(), monthly.account(), monthly.channel(),
				monthly.chargeBy(), monthly.quantity(), monthly.occurredAt(), Instant.parse("2026-11-14T09:30:00Z"),
				monthly.instance(), monthly.outcome());

		assertThat(entry.encode()).startsWith("2\t");
		assertThat(Entry.decode(entry.encode())).isEqualTo(entry);
		assertThat(entry.usage()).isNotEqualTo(monthly.usage());
	}

	@Test
	@Matrix(41)
	void aLineOfTheFormerVersionIsRead() {
		String line = "1\treq_01m8ar1pr77gg01fs8gzk26htj\tagy_01m8ar1ppppg0x1t8mv3f0s5mm\tcli_01m8ar1ppp2apc234kvh37em4y:2\t"
				+ "chn_01m8ar1pr7j11exxgneq4p37tn\tTOKENS\t7000\t1795262400000000\tins_a\t\tgpt\tchat.completions\tBILLED\t1\t"
				+ "5\t\t\t2\t\t7\t1\t200\t0\t0\t\t12\t";

		Entry entry = Entry.decode(line);

		assertThat(entry.period()).isEqualTo("2026-11-01T00:00:00Z");
		assertThat(entry.encode()).isEqualTo(line);
	}

	@Test
	@Matrix(15)
	void anotherVersionIsNotGuessedAt() {
		assertThatThrownBy(() -> Entry.decode("3\tx")).hasMessageContaining("version '3'");
		assertThatThrownBy(() -> Entry.decode("2\tx")).hasMessageContaining("version '2'");
	}

}
