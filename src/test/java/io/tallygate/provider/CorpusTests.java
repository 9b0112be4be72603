package io.tallygate.provider;

import java.util.List;
import java.util.stream.Stream;

import io.tallygate.support.Cuts;
import io.tallygate.support.RecordedAnswer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Recorded answers of many providers, each with the counts that a person or script read
 * from it. The recordings stand beside the project, not in it; where they are not, this
 * says so and the answers under {@code src/test/resources/answers} are what is tested.
 */
class CorpusTests {

	@Test
	void theCorpusIsThere() {
		Assumptions.assumeTrue(RecordedAnswer.areThere(), RecordedAnswer.whyNone());

		assertThat(answers()).hasSizeGreaterThan(100);
	}

	@TestFactory
	Stream<DynamicTest> countsAreThoseRecorded() {
		return answers().map((answer) -> DynamicTest.dynamicTest(answer.name(), () -> assertCounts(answer)));
	}

	@TestFactory
	Stream<DynamicTest> cutsChangeNothing() {
		return answers().map((answer) -> DynamicTest.dynamicTest(answer.name(), () -> assertCutsChangeNothing(answer)));
	}

	private static void assertCounts(RecordedAnswer answer) {
		Usage usage = tapped(answer, true, List.of(answer.body())).reading().usage();
		RecordedAnswer.Counts expected = answer.expected();

		if (expected == null) {
			assertThat(usage).isNull();
			return;
		}
		assertThat(usage).isEqualTo(new Usage(expected.input(), expected.cachedInput(), expected.cacheWrite(),
				expected.output(), expected.reasoning(), expected.total()));
		assertThat(usage.totalTokens()).isEqualTo(expected.charged());
	}

	private static void assertCutsChangeNothing(RecordedAnswer answer) {
		byte[] body = answer.body();
		for (boolean hides : new boolean[] { false, true }) {
			Tapped whole = tapped(answer, hides, List.of(body));
			assertThat(whole.bytes()).isEqualTo(hides ? answer.withoutUsageChunk() : body);
			Stream.concat(Cuts.of(body), Stream.of(Cuts.everyByte(body))).forEach((pieces) -> {
				Tapped cut = tapped(answer, hides, pieces);
				assertThat(cut.output()).as("cut in pieces of %s", Cuts.lengths(pieces)).isEqualTo(whole.output());
				assertThat(cut.reading()).as("cut in pieces of %s", Cuts.lengths(pieces)).isEqualTo(whole.reading());
			});
		}
	}

	private static Stream<RecordedAnswer> answers() {
		return RecordedAnswer.recorded("chat.completions", "completions").stream();
	}

	private static Tapped tapped(RecordedAnswer answer, boolean hides, List<byte[]> pieces) {
		return Tapped.of(AnswerTap.of(answer.isStream(), answer.encoding(), hides, false), pieces);
	}

}
