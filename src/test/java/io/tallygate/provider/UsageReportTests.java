package io.tallygate.provider;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.tallygate.fault.Matrix;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Which usage reports are believed, and what they say. */
class UsageReportTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-",
			textBlock = """
					{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}                                | 1 | - | - | 2 | - | 3
					{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}                                | 0 | - | - | 0 | - | 0
					{"input_tokens":1,"output_tokens":2}                                                      | 1 | - | - | 2 | - | -
					{"prompt_tokens":1,"total_tokens":1}                                                      | 1 | - | - | - | - | 1
					{"total_tokens":5}                                                                        | - | - | - | - | - | 5
					{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":1}} | 9 | 4 | - | 1 | - | -
					{"prompt_tokens":9,"completion_tokens":1,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5} | 9 | 4 | - | 1 | - | -
					{"prompt_tokens":9,"completion_tokens":1,"cached_tokens":0}                               | 9 | 0 | - | 1 | - | -
					{"prompt_tokens":9,"completion_tokens":1,"num_cached_tokens":2}                           | 9 | 2 | - | 1 | - | -
					{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cache_write_tokens":3}} | 9 | - | 3 | 1 | - | -
					{"prompt_tokens":9,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":1}} | 9 | - | - | 1 | 1 | -
					{"input_tokens":9,"output_tokens":1,"output_tokens_details":{"reasoning_tokens":1},"input_tokens_details":{"cached_tokens":2}} | 9 | 2 | - | 1 | 1 | -
					{"prompt_tokens":1,"completion_tokens":2,"prompt_tokens_details":null,"cost":0.5,"x":[{"total_tokens":9}]} | 1 | - | - | 2 | - | -
					{"prompt_tokens":1000000000000,"completion_tokens":0}                                     | 1000000000000 | - | - | 0 | - | -
					""")
	void countsAreReadByWhatTheyMean(String report, @Nullable Long input, @Nullable Long cached,
			@Nullable Long cacheWrite, @Nullable Long output, @Nullable Long reasoning, @Nullable Long total) {
		assertThat(usage("{\"usage\":" + report + "}"))
			.isEqualTo(new Usage(input, cached, cacheWrite, output, reasoning, total));
	}

	@ParameterizedTest
	@ValueSource(strings = { "{}", "{\"cost\":1}", "{\"prompt_tokens\":null,\"total_tokens\":null}",
			"{\"prompt_tokens\":-1,\"completion_tokens\":5}", "{\"prompt_tokens\":1.5,\"completion_tokens\":5}",
			"{\"prompt_tokens\":1e3,\"completion_tokens\":5}", "{\"prompt_tokens\":\"1\",\"completion_tokens\":5}",
			"{\"prompt_tokens\":true,\"completion_tokens\":5}", "{\"prompt_tokens\":[1],\"completion_tokens\":5}",
			"{\"prompt_tokens\":1000000000001,\"completion_tokens\":5}",
			"{\"prompt_tokens\":99999999999999999999999,\"completion_tokens\":5}",
			"{\"prompt_tokens\":1,\"prompt_tokens_details\":{\"cached_tokens\":-1}}",
			"{\"prompt_tokens\":1,\"completion_tokens\":}", "null", "7", "\"prompt_tokens\"",
			"[{\"total_tokens\":5}]" })
	@Matrix(61)
	void aVoidReportIsNoReport(String report) {
		assertThat(usage("{\"usage\":" + report + "}")).isNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "{\"x\":{\"usage\":{\"total_tokens\":5}}}",
			"{\"choices\":[{\"message\":{\"usage\":{\"total_tokens\":5}}}]}",
			"{\"choices\":[{\"message\":{\"content\":\"\\\"usage\\\":{\\\"total_tokens\\\":5}\"}}]}",
			"{\"choices\":[{\"message\":{\"content\":\"usage\"}}],\"total_tokens\":5}",
			"{\"a\":\"usage\",\"b\":{\"total_tokens\":5}}", "<p>\"usage\":{\"total_tokens\":5}</p>",
			"[{\"usage\":{\"total_tokens\":5}}]", "{\"usage_breakdown\":{\"total_tokens\":5}}",
			"{\"a\":[},\"usage\":{\"total_tokens\":5}}" })
	void whatOnlyLooksLikeUsageIsNone(String body) {
		assertThat(usage(body)).isNull();
	}

	@Test
	@Matrix(61)
	void theLastValidReportWinsWhole() {
		assertThat(usage("""
				data: {"usage":{"prompt_tokens":9,"completion_tokens":1,"cached_tokens":4}}

				data: {"usage":{"prompt_tokens":8,"completion_tokens":2}}

				data: {"usage":{"prompt_tokens":-1}}

				data: {"usage":null}

				""")).isEqualTo(new Usage(8L, null, null, 2L, null, null));
	}

	@Test
	void groqsOwnFieldIsAReport() {
		assertThat(usage("data: {\"choices\":[{}],\"x_groq\":{\"id\":\"r\",\"usage\":{\"total_tokens\":5}}}\n\n"))
			.isNotNull();
	}

	@Test
	void aChoicesReportCountsOnlyWhereThereIsNoOther() {
		String ofChoice = "data: {\"choices\":[{\"usage\":{\"total_tokens\":5}}]}\n\n";

		assertThat(usage(ofChoice)).isNotNull().returns(5L, Usage::totalTokens);
		assertThat(usage("data: {\"usage\":{\"total_tokens\":7}}\n\n" + ofChoice)).isNotNull()
			.returns(7L, Usage::totalTokens);
	}

	@Test
	void reasoningOutsideTheOutputIsInTheTotal() {
		assertThat(usage("""
				{"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115,
				"completion_tokens_details":{"reasoning_tokens":100}}}""")).isNotNull()
			.returns(115L, Usage::totalTokens);
	}

	@Test
	@Matrix({ 61, 62 })
	void aReportTooLongIsNotBelieved() {
		String padding = " ".repeat(AnswerScanner.USAGE_BYTES_MAX);

		assertThat(usage("{\"usage\":{\"total_tokens\":5" + padding + "}}")).isNull();
	}

	@Test
	@Matrix(62)
	void anAnswerNestedTooDeepIsNotRead() {
		String deep = "[".repeat(AnswerScanner.DEPTH_MAX) + "]".repeat(AnswerScanner.DEPTH_MAX);

		assertThat(usage("{\"a\":" + deep + ",\"usage\":{\"total_tokens\":5}}")).isNull();
		assertThat(usage("{\"a\":" + deep.substring(1, deep.length() - 1) + ",\"usage\":{\"total_tokens\":5}}"))
			.isNotNull();
	}

	private static @Nullable Usage usage(String body) {
		return Tapped.of(AnswerTap.of(false, null, false, false), List.of(body.getBytes(StandardCharsets.UTF_8)))
			.reading()
			.usage();
	}

}
