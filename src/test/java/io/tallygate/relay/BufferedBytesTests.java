package io.tallygate.relay;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class BufferedBytesTests {

	private final BufferedBytes bytes = new BufferedBytes(800);

	private final BufferedBytes.Share greedy = this.bytes.of(agency(1));

	private final BufferedBytes.Share other = this.bytes.of(agency(2));

	@Test
	void anAgencyMayTakeAllButTheLastQuarter() {
		assertThat(this.greedy.take(600)).isTrue();
		assertThat(this.greedy.take(1)).isFalse();
		assertThat(this.bytes.held()).isEqualTo(600);
	}

	@Test
	void theLastQuarterIsForThoseWhoHoldLittle() {
		this.greedy.take(600);

		assertThat(this.other.take(100)).isTrue();
		assertThat(this.other.take(1)).isFalse();
		assertThat(this.bytes.of(agency(3)).take(100)).isTrue();
		assertThat(this.bytes.of(agency(4)).take(1)).isFalse();
	}

	@Test
	void whatIsGivenBackMayBeTakenAgain() {
		this.greedy.take(600);
		this.greedy.give(600);

		assertThat(this.bytes.held()).isZero();
		assertThat(this.other.take(600)).isTrue();
	}

	private static AgencyId agency(int n) {
		return new AgencyId("agy_" + String.valueOf(n).repeat(Ids.BODY_LENGTH));
	}

}
