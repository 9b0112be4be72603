package io.tallygate.provider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import io.tallygate.fault.Matrix;
import io.tallygate.support.Cuts;
import io.tallygate.support.UsageChunks;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Answers in the shape of each provider, made up, read whole and in every way cut. */
class ProviderAnswersTests {

	private static final Path ANSWERS = Path.of("src/test/resources/answers");

	@ParameterizedTest
	@CsvFileSource(resources = "/answers/expected.csv", delimiter = '|', quoteCharacter = '\'', nullValues = "-")
	@Matrix(60)
	void anAnswerIsReadAndPassedOnWhereverItIsCut(String file, @Nullable Long input, @Nullable Long cached,
			@Nullable Long cacheWrite, @Nullable Long output, @Nullable Long reasoning, @Nullable Long total, String id,
			String text) throws IOException {
		byte[] body = Files.readAllBytes(ANSWERS.resolve(file));
		boolean stream = file.endsWith(".sse");
		byte[] hidden = stream ? UsageChunks.removed(body) : body;

		for (List<byte[]> pieces : Stream.concat(Cuts.of(body), Stream.of(List.of(body))).toList()) {
			Tapped asked = Tapped.of(AnswerTap.of(stream, null, false, true), pieces);
			Tapped notAsked = Tapped.of(AnswerTap.of(stream, null, true, true), pieces);

			assertThat(asked.bytes()).isEqualTo(body);
			assertThat(notAsked.bytes()).isEqualTo(hidden);
			for (Reading reading : List.of(asked.reading(), notAsked.reading())) {
				assertThat(reading.usage()).isEqualTo(new Usage(input, cached, cacheWrite, output, reasoning, total));
				assertThat(reading.providerId()).isEqualTo(id);
				assertThat(reading.contentSeen()).isTrue();
				assertThat(reading.errorSeen()).isFalse();
				assertThat(reading.text()).isNotNull().returns(text, KeptText::unescaped);
			}
		}
	}

}
