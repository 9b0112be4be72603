package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;

import io.tallygate.core.AgencyId;
import io.tallygate.stripe.MeterEventAnswer;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class RestsTests {

	private static final Duration LONGEST = Duration.ofSeconds(10);

	private static final AgencyId AGENCY = Fixtures.agency(1);

	private static final Finding VAIN = new Finding.Answered(new MeterEventAnswer.Unanswered("refused"));

	private static final Finding TAKEN = new Finding.Answered(new MeterEventAnswer.Accepted());

	private final Rests rests = new Rests(LONGEST);

	private Instant now = Fixtures.NOW;

	@Test
	void restsDoubleUpToTheLongest() {
		assertThat(rest()).isEqualTo(Duration.ofSeconds(1));
		assertThat(rest()).isEqualTo(Duration.ofSeconds(2));
		assertThat(rest()).isEqualTo(Duration.ofSeconds(4));
		assertThat(rest()).isEqualTo(Duration.ofSeconds(8));
		for (int i = 0; i < 100; i++) {
			assertThat(rest()).isEqualTo(LONGEST);
		}
	}

	@Test
	void whatWasUnderWayWhenARestBeganBeginsNoOther() {
		this.rests.tried(AGENCY, VAIN, this.now);

		assertThat(this.rests.tried(AGENCY, VAIN, this.now.plusMillis(999))).isEmpty();

		assertThat(this.rests.resting(this.now.plusMillis(999))).containsExactly(AGENCY);
		assertThat(this.rests.resting(this.now.plusMillis(1000))).isEmpty();
	}

	@Test
	void anAnswerEndsARestAndTheNextIsAFirstOne() {
		rest();
		rest();
		this.rests.tried(AGENCY, VAIN, this.now);

		this.rests.tried(AGENCY, TAKEN, this.now);

		assertThat(this.rests.resting(this.now)).isEmpty();
		assertThat(rest()).isEqualTo(Duration.ofSeconds(1));
	}

	@Test
	void whatIsTheEventsOwnFaultIsAnAnswer() {
		Finding refused = new Finding.Answered(
				new MeterEventAnswer.Refused("no_meter", "No meter", MeterEventAnswer.Fault.METER));

		assertThat(this.rests.tried(AGENCY, refused, this.now)).isEmpty();
		assertThat(this.rests.tried(AGENCY, new Finding.NotSummarised("reset"), this.now)).isPresent();
	}

	@Test
	void whatStripeWasNotAskedAboutSaysNothing() {
		this.rests.tried(AGENCY, VAIN, this.now);

		assertThat(this.rests.tried(AGENCY, new Finding.Expired(), this.now)).isEmpty();

		assertThat(this.rests.resting(this.now)).containsExactly(AGENCY);
	}

	@Test
	void aClockThatIsSetBackProlongsNoRest() {
		this.rests.tried(AGENCY, VAIN, this.now.plus(Duration.ofDays(40)));

		assertThat(this.rests.resting(this.now)).isEmpty();
		assertThat(rest()).isEqualTo(Duration.ofSeconds(2));
	}

	@Test
	void anAgencyThatHasNothingToSendIsForgotten() {
		rest();
		rest();

		this.now = this.now.plus(Duration.ofMinutes(11));
		assertThat(this.rests.resting(this.now)).isEmpty();

		assertThat(rest()).isEqualTo(Duration.ofSeconds(1));
	}

	private Duration rest() {
		Instant until = this.rests.tried(AGENCY, VAIN, this.now).orElseThrow();
		Duration length = Duration.between(this.now, until);
		this.now = until;
		return length;
	}

}
