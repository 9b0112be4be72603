package io.tallygate.provider;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.tallygate.fault.Matrix;
import io.tallygate.support.Cuts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** What a tap passes on, holds and hides, and what it reads on the way. */
class AnswerTapTests {

	private static final String CHUNK = "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n";

	private static final String USAGE = "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}\n\n";

	private static final String DONE = "data: [DONE]\n\n";

	@Test
	void theBufferThatComesInGoesOut() {
		try (AnswerTap tap = AnswerTap.of(true, null, true, false)) {
			ByteBuf bytes = ByteBufAllocator.DEFAULT.buffer().writeBytes(utf8(CHUNK));

			ByteBuf passed = tap.next(bytes);

			assertThat(passed).isSameAs(bytes);
			assertThat(passed.readableBytes()).isEqualTo(CHUNK.length());
			passed.release();
			assertThat(bytes.refCnt()).isZero();
		}
	}

	@Test
	void aChunkThatTheClientDidNotAskForIsHidden() {
		Tapped tapped = hiding(CHUNK + USAGE + DONE);

		assertThat(tapped.text()).isEqualTo(CHUNK + DONE);
		assertThat(tapped.reading().usage()).isEqualTo(Usage.of(7, 3));
	}

	@Test
	void aClientThatAskedGetsEveryByte() {
		assertThat(showing(CHUNK + USAGE + DONE).text()).isEqualTo(CHUNK + USAGE + DONE);
	}

	@ParameterizedTest
	@ValueSource(strings = { "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"total_tokens\":1}}\n\n",
			"data: {\"choices\":[],\"prompt_filter_results\":[{\"usage\":{\"total_tokens\":1}}]}\n\n",
			"data: {\"choices\":[],\"usage\":null}\n\n", "data: {\"choices\":[]}\n\n",
			"data: {\"usage\":{\"total_tokens\":1},\"error\":{\"message\":\"x\"}}\n\n",
			"event: error\ndata: {\"usage\":{\"total_tokens\":1}}\n\n", ": a comment about \"usage\"\n\n",
			"data: {\"choices\":[],\"usage\":{\"total_tokens\":1}\n\n", "\n\n\r\n\r" })
	void noOtherEventIsHidden(String event) {
		assertThat(hiding(CHUNK + event + CHUNK).text()).isEqualTo(CHUNK + event + CHUNK);
	}

	@ParameterizedTest
	@ValueSource(strings = { "data: {\"usage\":{\"total_tokens\":10}}\n\n",
			"data:{\"choices\":[],\"usage\":{\"total_tokens\":10}}\r\n\r\n",
			"data: {\"choices\":[],\rdata: \"usage\":{\rdata:\"total_tokens\":10}}\r\r",
			": comment\nid: 7\nevent: message\ndata: {\"choices\":null,\"usage\":{\"total_tokens\":10}}\n\r\n",
			"data: { \"usage\" :\t{ \"total_tokens\" : 10 } , \"choices\" : [ ] }\r\n\n" })
	@Matrix(60)
	void aUsageChunkIsHiddenHoweverItIsWritten(String event) {
		for (List<byte[]> pieces : Cuts.of(utf8(CHUNK + event + CHUNK)).toList()) {
			Tapped tapped = Tapped.of(AnswerTap.of(true, null, true, false), pieces);

			assertThat(tapped.text()).as("pieces of %s", Cuts.lengths(pieces)).isEqualTo(CHUNK + CHUNK);
			assertThat(tapped.reading().usage()).isNotNull().returns(10L, Usage::totalTokens);
		}
	}

	@Test
	void aUsageChunkAtTheVeryEndIsHiddenWithoutItsEmptyLine() {
		assertThat(hiding(CHUNK + USAGE.strip()).text()).isEqualTo(CHUNK);
	}

	@Test
	void anUnfinishedEventIsPassedOnAtTheEndOfTheBody() {
		assertThat(hiding(CHUNK + "data: {\"choices\":[{\"del").text()).isEqualTo(CHUNK + "data: {\"choices\":[{\"del");
	}

	@Test
	@Matrix(62)
	void anEventTooLongToHoldPassesBeforeItIsComplete() {
		String beginning = "data: {\"choices\":[{\"delta\":{\"content\":\"" + "x".repeat(SseReader.HIDDEN_EVENT_MAX);
		try (AnswerTap tap = AnswerTap.of(true, null, true, false)) {
			ByteBuf passed = tap.next(Unpooled.wrappedBuffer(utf8(beginning)));

			assertThat(passed.readableBytes()).isEqualTo(beginning.length());
			passed.release();
		}
	}

	@Test
	void aUsageChunkTooLongToHoldIsNotHidden() {
		String event = USAGE.replace("[]", "[" + " ".repeat(SseReader.HIDDEN_EVENT_MAX) + "]");

		assertThat(hiding(CHUNK + event).text()).isEqualTo(CHUNK + event);
	}

	@Test
	void aClientThatAskedWaitsForNoEventToComplete() {
		try (AnswerTap tap = AnswerTap.of(true, null, false, false)) {
			ByteBuf passed = tap.next(Unpooled.wrappedBuffer(utf8("data: {\"cho")));

			assertThat(passed.readableBytes()).isEqualTo(11);
			passed.release();
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void theEndIsHeldWhereverItIsCut(boolean hides) {
		for (List<byte[]> pieces : Cuts.of(utf8(CHUNK + DONE + ": more\n\n")).toList()) {
			Tapped tapped = Tapped.of(AnswerTap.of(true, null, hides, false), pieces);

			assertThat(tapped.passed()).as("pieces of %s", Cuts.lengths(pieces)).isEqualTo(CHUNK.length());
			assertThat(tapped.text()).isEqualTo(CHUNK + DONE + ": more\n\n");
			assertThat(tapped.reading().endSeen()).isTrue();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "data:[DONE]", "data:  [DONE] \r\n\r\n", "event: done\ndata: [DONE]\n\n", "data: [DONE]" })
	void theEndIsKnownHoweverItIsWritten(String end) {
		assertThat(showing(CHUNK + end).reading().endSeen()).isTrue();
		assertThat(showing(CHUNK + end).text()).isEqualTo(CHUNK + end);
	}

	@ParameterizedTest
	@ValueSource(strings = { "data: [DONE", "data: [1]\n\n", "data: \"[DONE]\"\n\n", "id: [DONE]\n\n",
			"data: {\"choices\":[{\"delta\":{\"content\":\"data: [DONE]\"}}]}\n\n" })
	void whatOnlyLooksLikeTheEndIsPassedOn(String event) {
		Tapped tapped = showing(CHUNK + event);

		assertThat(tapped.reading().endSeen()).isFalse();
		assertThat(tapped.passed()).isEqualTo((CHUNK + event).length());
	}

	@Test
	void whatComesAfterTheReleasePassesThrough() {
		try (AnswerTap tap = AnswerTap.of(true, null, true, false)) {
			assertThat(tap.next(Unpooled.wrappedBuffer(utf8(DONE))).readableBytes()).isZero();
			tap.release().release();
			ByteBuf late = Unpooled.wrappedBuffer(utf8(USAGE));

			assertThat(tap.next(late)).isSameAs(late);
			late.release();
		}
	}

	@Test
	void whatFollowsAHeldEndIsBounded() {
		try (AnswerTap tap = AnswerTap.of(true, null, false, false)) {
			for (int i = 0; i < 100; i++) {
				tap.next(Unpooled.wrappedBuffer(utf8(DONE + "x".repeat(HoldingTap.TAIL_MAX)))).release();
			}
			ByteBuf tail = tap.release();

			assertThat(tail.readableBytes()).isLessThan(3 * HoldingTap.TAIL_MAX);
			tail.release();
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			{"choices":[{"delta":{"role":"assistant","content":""}}]}                      | false
			{"choices":[{"delta":{"role":"assistant","content":null,"tool_calls":[]}}]}    | false
			{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"total_tokens":3}}   | false
			{"choices":[],"usage":{"total_tokens":3}}                                      | false
			{"choices":[],"prompt_filter_results":[{"content":"x"}]}                       | false
			{"choices":[{"delta":{"content":"x"}}]}                                        | true
			{"choices":[{"delta":{"content":"\\n"}}]}                                      | true
			{"choices":[{"delta":{"content":[{"type":"text","text":"x"}]}}]}               | true
			{"choices":[{"delta":{"refusal":"no"}}]}                                       | true
			{"choices":[{"delta":{"reasoning_content":"hm"}}]}                             | true
			{"choices":[{"delta":{"reasoning":"hm"}}]}                                     | true
			{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":""}}]}}]} | true
			{"choices":[{"text":"x"}]}                                                     | true
			{"choices":[{"text":""}]}                                                      | false
			{"content":"x","choices":[{"logprobs":{"content":"x"}}]}                       | false
			""")
	void contentIsWhatTheModelMade(String chunk, boolean isContent) {
		assertThat(showing("data: " + chunk + "\n\n").reading().contentSeen()).isEqualTo(isContent);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			{"error":{"message":"x"}}             | true
			{"error":"overloaded"}                | true
			{"choices":[],"error":null}           | false
			{"choices":[{"error":{"code":1}}]}    | false
			{"message":"error"}                   | false
			""")
	void anErrorIsSeenInStreamAndObject(String body, boolean isError) {
		assertThat(showing("data: " + body + "\n\n").reading().errorSeen()).isEqualTo(isError);
		assertThat(showing(body).reading().errorSeen()).isEqualTo(isError);
	}

	@Test
	void anErrorEventIsAnErrorAndItsUsageCountsForNothing() {
		Reading reading = showing(CHUNK + "event: error\ndata: {\"message\":\"x\",\"usage\":{\"total_tokens\":5}}\n\n")
			.reading();

		assertThat(reading.errorSeen()).isTrue();
		assertThat(reading.usage()).isNull();
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void anAnswerIsReadAsWhatItIs(boolean stream) {
		String object = " \n{\"id\":\"c2\",\"choices\":[{\"message\":{\"content\":\"Hi\"}}],\"usage\":{\"total_tokens\":9}}";

		Reading ofStream = read(stream, "\uFEFF" + USAGE);
		Reading ofObject = read(stream, object);

		assertThat(ofStream.usage()).isEqualTo(Usage.of(7, 3));
		assertThat(ofObject.usage()).isNotNull().returns(9L, Usage::totalTokens);
		assertThat(ofObject.contentSeen()).isTrue();
		assertThat(ofObject.providerId()).isEqualTo("c2");
	}

	@Test
	void anObjectPassesAtOnceAndHasNoEndToHold() {
		Tapped tapped = hiding("{\"choices\":[],\"usage\":{\"total_tokens\":9}}");

		assertThat(tapped.passed()).isEqualTo(tapped.output().length()).isPositive();
	}

	@Test
	void anIdIsTakenOnceAndOnlyWhenItIsShort() {
		assertThat(read(false, "{\"id\":\"" + "i".repeat(128) + "\"}").providerId()).hasSize(128);
		assertThat(read(false, "{\"id\":\"" + "i".repeat(129) + "\"}").providerId()).isNull();
		assertThat(read(false, "{\"x\":{\"id\":\"inner\"}}").providerId()).isNull();
	}

	@Test
	void textIsKeptAsItCameAndNothingElse() {
		String stream = "data: {\"id\":\"no\",\"choices\":[{\"delta\":{\"role\":\"no\",\"content\":\"Gr\\u00fc\"}}]}\n\n"
				+ "data: {\"choices\":[{\"delta\":{\"content\":\"ße \\\"😀\"},\"finish_reason\":\"no\"}]}\n\n";
		for (List<byte[]> pieces : Cuts.of(utf8(stream)).toList()) {
			KeptText text = Tapped.of(AnswerTap.of(true, null, true, true), pieces).reading().text();

			assertThat(text).isNotNull().returns("Grüße \"😀", KeptText::unescaped);
			assertThat(text).hasToString("18 bytes of text kept, 0 omitted");
		}
		assertThat(showing(stream).reading().text()).isNull();
	}

	@Test
	@Matrix(62)
	void keptTextIsBounded() {
		String chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"" + "x".repeat(100_000) + "\"}}]}\n\n";
		KeptText text = Tapped.of(AnswerTap.of(true, null, false, true), List.of(utf8(chunk.repeat(3))))
			.reading()
			.text();

		assertThat(text).isNotNull().returns(300_000L - KeptText.BYTES_MAX, KeptText::omitted);
		assertThat(text.unescaped()).hasSize(KeptText.BYTES_MAX);
	}

	@Test
	void anUnknownEncodingPassesUnread() {
		Tapped tapped = Tapped.of(AnswerTap.of(true, "br", true, true), List.of(utf8(CHUNK + USAGE + DONE)));

		assertThat(tapped.text()).isEqualTo(CHUNK + USAGE + DONE);
		assertThat(tapped.reading()).isEqualTo(new Reading(null, false, false, false, null, null));
	}

	private static Tapped hiding(String stream) {
		return Tapped.of(AnswerTap.of(true, null, true, false), List.of(utf8(stream)));
	}

	private static Tapped showing(String stream) {
		return Tapped.of(AnswerTap.of(true, null, false, false), List.of(utf8(stream)));
	}

	private static Reading read(boolean stream, String body) {
		return Tapped.of(AnswerTap.of(stream, null, false, false), Cuts.everyByte(utf8(body))).reading();
	}

	private static byte[] utf8(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}
