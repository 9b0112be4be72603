package io.tallygate.provider;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

import io.tallygate.fault.Matrix;
import io.tallygate.support.Cuts;
import io.tallygate.support.UsageChunks;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

import static org.assertj.core.api.Assertions.assertThat;

/** Streams of chance, cut by chance, are read and passed on as they are in one piece. */
class RandomStreamTests {

	@Property(tries = 500)
	@Matrix(60)
	void cutsChangeNothing(@ForAll("streams") String stream, @ForAll Set<Integer> chances, @ForAll boolean hides) {
		byte[] body = stream.getBytes(StandardCharsets.UTF_8);
		int[] cuts = chances.stream().mapToInt((chance) -> Math.floorMod(chance, body.length + 1)).sorted().toArray();

		Tapped whole = Tapped.of(AnswerTap.of(true, null, hides, false), List.of(body));
		Tapped cut = Tapped.of(AnswerTap.of(true, null, hides, false), Cuts.at(body, cuts));

		assertThat(cut).isEqualTo(whole);
		assertThat(whole.bytes()).isEqualTo(hides ? UsageChunks.removed(body) : body);
	}

	@Provide
	Arbitrary<String> streams() {
		return event().list().ofMinSize(1).ofMaxSize(8).map((events) -> ":\n" + String.join("", events));
	}

	private static Arbitrary<String> event() {
		Arbitrary<String> lineEnd = Arbitraries.of("\n", "\r\n", "\r");
		Arbitrary<List<String>> lines = line().list().ofMaxSize(3);
		return Combinators.combine(lines, lineEnd, lineEnd)
			.as((texts, end, last) -> String.join(end, texts) + end + (end.equals("\r") ? end : last));
	}

	private static Arbitrary<String> line() {
		Arbitrary<String> text = Arbitraries.strings().withChars("aü世\\\"[]{},:").ofMaxLength(6);
		Arbitrary<String> content = text.map((said) -> "data: {\"choices\":[{\"delta\":{\"content\":\""
				+ said.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}}],\"usage\":null}");
		Arbitrary<String> usage = Arbitraries.integers()
			.between(-2, 50)
			.map((count) -> "data:{\"choices\":[],\"usage\":{\"prompt_tokens\":" + count
					+ ",\"completion_tokens\":1}}");
		return Arbitraries.oneOf(content, usage, text.map((said) -> ": " + said), text.map((said) -> "data: " + said),
				Arbitraries.of("id: 1", "event: error", "event: message", "data", "data: [DON", "dat"));
	}

}
