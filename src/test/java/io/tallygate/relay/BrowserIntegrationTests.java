package io.tallygate.relay;

import io.tallygate.support.RawClient;
import io.tallygate.support.ScriptedProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.blockhound.BlockHound;

import static org.assertj.core.api.Assertions.assertThat;

/** What a browser is told of which pages may call. */
class BrowserIntegrationTests {

	private static final String PAGE = "https://app.example.com";

	private static final String REQUEST = "{\"model\":\"gpt-4o\",\"messages\":[]}";

	private static RelayFixture relay;

	@BeforeAll
	static void start() {
		BlockHound.install();
		relay = new RelayFixture("tallygate.cors-origins=https://other.example.com," + PAGE);
	}

	@AfterAll
	static void stop() {
		relay.close();
	}

	@BeforeEach
	void reset() {
		relay.reset();
		relay.provider.answers(ScriptedProvider.json(200, "{\"choices\":[]}", "Access-Control-Allow-Origin: *"));
	}

	@Test
	void aPageThatIsNamedMayAskFirst() {
		RawClient.Answer answer = asking(PAGE);

		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.header("access-control-allow-origin")).isEqualTo(PAGE);
		assertThat(answer.header("access-control-allow-methods")).contains("POST");
		assertThat(answer.header("access-control-allow-headers")).contains("authorization");
		assertThat(relay.provider.requests()).isZero();
	}

	@Test
	void anotherMayNot() {
		RawClient.Answer answer = asking("https://evil.example.com");

		assertThat(answer.status()).isEqualTo(403);
		assertThat(answer.header("access-control-allow-origin")).isEmpty();
	}

	@Test
	void aPageThatIsNamedMayReadTheAnswer() {
		RawClient.Answer answer = calling(PAGE);

		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.head().toLowerCase(java.util.Locale.ROOT).split("access-control-allow-origin", -1))
			.hasSize(2);
		assertThat(answer.header("access-control-allow-origin")).isEqualTo(PAGE);
		assertThat(answer.header("access-control-expose-headers")).isEqualTo("*");
		assertThat(answer.header("x-request-id")).startsWith("req_");
	}

	@Test
	void aPageMayReadWhyItWasRefused() {
		RawClient.Answer answer = relay.client().post("/v1/chat/completions", REQUEST, "Origin: " + PAGE).answer();

		assertThat(answer.status()).isEqualTo(401);
		assertThat(answer.header("access-control-allow-origin")).isEqualTo(PAGE);
	}

	/** An app may send an origin too; what it is keeps no answer from it. */
	@Test
	void whoNamesAnotherOriginIsServedAndNoPageMayReadIt() {
		RawClient.Answer answer = calling("app://desktop");

		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.header("access-control-allow-origin")).isEmpty();
	}

	private static RawClient.Answer asking(String origin) {
		return relay.client()
			.send("OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: x\r\nOrigin: " + origin
					+ "\r\nAccess-Control-Request-Method: POST\r\n"
					+ "Access-Control-Request-Headers: authorization,content-type\r\n\r\n")
			.answer();
	}

	private static RawClient.Answer calling(String origin) {
		return relay.client()
			.post("/v1/chat/completions", REQUEST, "Authorization: Bearer " + RelayFixture.KEY, "Origin: " + origin)
			.answer();
	}

}
