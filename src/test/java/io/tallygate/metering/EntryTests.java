package io.tallygate.metering;

import java.time.Instant;

import io.tallygate.client.ChargeBy;
import io.tallygate.core.ProviderId;
import io.tallygate.core.RequestId;
import io.tallygate.client.Terms;
import io.tallygate.core.ChannelId;
import io.tallygate.provider.Usage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

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
	void anotherVersionIsNotGuessedAt() {
		assertThatThrownBy(() -> Entry.decode("2\tx")).hasMessageContaining("version 1");
	}

}
