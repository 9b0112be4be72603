package io.tallygate.nemesis;

import java.nio.file.Path;
import java.time.Duration;

import io.tallygate.fault.Matrix;
import io.tallygate.nemesis.Nemesis.Plan;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** A minute of the nemesis; {@link NemesisCampaign} runs as long as one likes. */
class NemesisTests {

	/** With it a store and a gateway are killed, frozen, silenced and emptied early. */
	private static final long SEED = 252;

	/** Other tests run beside this one. */
	private static final int PER_SECOND = 25;

	@Test
	@Matrix(17)
	void noTokenIsLostAndNoUnitSentTwiceWhateverGoesWrong() {
		Plan plan = new Plan(SEED, Duration.ofMinutes(1), PER_SECOND, false, false,
				Path.of("target", "nemesis", "minute"));

		Outcome outcome;
		try (Nemesis nemesis = new Nemesis(plan)) {
			outcome = nemesis.run(System.out::println);
		}

		System.out.println(outcome.table());
		assertThat(outcome.faults()).isPositive();
		assertThat(outcome.complete()).isGreaterThan(outcome.requests() / 2);
		assertThat(outcome.sums().billed()).isGreaterThanOrEqualTo(outcome.sums().reported() - outcome.sums().cutOff());
		assertThat(outcome.sums().drift()).isZero();
		assertThat(outcome.sums().missing()).isZero();
		assertThat(outcome.sums().doubled()).isZero();
		assertThat(outcome.sums().orphans()).isEqualTo(outcome.sums().marked());
	}

}
