package io.tallygate.provider;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What an exchange is estimated at when the provider reported nothing. */
class TokenEstimateTests {

	private static final TokenEstimate ESTIMATE = new TokenEstimate();

	@Test
	void promptAndAnswerAreCounted() {
		Usage usage = estimate(
				"{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"Say hello world\"}]}",
				"hello world");

		// "user", "Say hello world", two line ends and three for the message.
		assertThat(usage).isEqualTo(Usage.of(9, 2));
	}

	@Test
	void picturesAndIdsAreNotCountedAsText() {
		String text = "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Look\"}%s]}";
		String picture = ",{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," + "A".repeat(9000)
				+ "\"}}";

		assertThat(estimate("{\"model\":\"m\",\"messages\":[" + text.formatted(picture) + "]}", "x"))
			.isEqualTo(estimate("{\"model\":\"m\",\"messages\":[" + text.formatted("") + "]}", "x"));
	}

	@Test
	void toolsAreCounted() {
		String body = "{\"model\":\"m\",\"messages\":[]%s}";
		String tools = ",\"tools\":[{\"function\":{\"name\":\"weather\",\"description\":\"Tells the weather\"}}]";

		assertThat(estimate(body.formatted(tools), "").input()).isGreaterThan(4);
		assertThat(estimate(body.formatted(""), "").input()).isZero();
	}

	@Test
	void theAnswerIsNoLongerThanWasAllowed() {
		String body = "{\"model\":\"m\",\"messages\":[],\"max_tokens\":2,\"n\":2}";

		assertThat(estimate(body, "one two three four five six seven").output()).isEqualTo(4);
	}

	@Test
	void escapesAreResolvedBeforeCounting() {
		String body = "{\"model\":\"m\",\"messages\":[]}";

		assertThat(estimate(body, "gr\\u00fc\\u00df \\\"\\ud83d\\ude00\\\""))
			.isEqualTo(estimate(body, "grüß \\\"😀\\\""));
	}

	@Test
	void whatWasNotKeptCountsFourBytesAToken() {
		String body = "{\"model\":\"m\",\"messages\":[]}";
		KeptText text = kept("a ".repeat(KeptText.BYTES_MAX / 2) + "b".repeat(4000));

		Usage usage = ESTIMATE.estimate("m", body.getBytes(StandardCharsets.UTF_8), text);

		assertThat(usage.output()).isBetween(KeptText.BYTES_MAX / 2 + 1000L, KeptText.BYTES_MAX / 2 + 1001L);
	}

	@Test
	void aLongPromptIsCountedWithinBounds() {
		String body = "{\"model\":\"m\",\"messages\":[{\"content\":\"" + "a".repeat(8_000_000) + "\"}]}";

		assertThat(estimate(body, "").input()).isEqualTo(2_000_003);
	}

	@Test
	void anOlderModelHasItsOwnTokenizer() {
		String text = "\u0909\u0928\u0915\u0947 \u0932\u093f\u090f";
		String body = "{\"model\":\"m\",\"messages\":[]}";
		byte[] request = body.getBytes(StandardCharsets.UTF_8);

		assertThat(ESTIMATE.estimate("openai/gpt-4-turbo", request, kept(text)).output())
			.isGreaterThan(ESTIMATE.estimate("gpt-4o", request, kept(text)).output());
	}

	@Test
	void noTextIsNoOutput() {
		byte[] request = "{\"model\":\"m\",\"prompt\":\"Hi\"}".getBytes(StandardCharsets.UTF_8);

		assertThat(ESTIMATE.estimate("m", request, null).output()).isZero();
	}

	private static Usage estimate(String body, String answer) {
		return ESTIMATE.estimate("gpt-4o", body.getBytes(StandardCharsets.UTF_8), kept(answer));
	}

	private static KeptText kept(String escaped) {
		String chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"" + escaped + "\"}}]}\n\n";
		KeptText text = Tapped
			.of(AnswerTap.of(true, null, false, true), List.of(chunk.getBytes(StandardCharsets.UTF_8)))
			.reading()
			.text();
		assertThat(text).isNotNull();
		return text;
	}

}
