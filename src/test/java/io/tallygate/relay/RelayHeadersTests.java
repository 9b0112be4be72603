package io.tallygate.relay;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.core.Ids;
import io.tallygate.core.ProviderId;
import io.tallygate.core.RequestId;
import io.tallygate.core.Secret;
import io.tallygate.provider.Provider;
import io.tallygate.provider.ProviderKind;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Which headers pass. */
class RelayHeadersTests {

	private static final RequestId REQUEST = new RequestId("req_" + "0".repeat(Ids.BODY_LENGTH));

	@Test
	void theProviderIsToldOnlyWhatIsListed() {
		HttpHeaders client = new DefaultHttpHeaders().add("content-type", "application/json")
			.add("accept", "*/*")
			.add("user-agent", "OpenAI/Python 2.0")
			.add("openai-beta", "assistants=v2")
			.add("authorization", "Bearer tg_live_x")
			.add("x-api-key", "tg_live_x")
			.add("cookie", "a=b")
			.add("x-forwarded-for", "1.2.3.4")
			.add("forwarded", "for=1.2.3.4")
			.add("openai-organization", "org")
			.add("openai-project", "prj")
			.add("x-stainless-os", "Linux")
			.add("connection", "authorization, upgrade")
			.add("upgrade", "h2c")
			.add("accept-encoding", "gzip, br")
			.add("transfer-encoding", "chunked")
			.add("host", "gateway");
		HttpHeaders to = new DefaultHttpHeaders();

		RelayHeaders.toProvider(client, provider(ProviderKind.OPENAI), to);

		assertThat(to.names()).containsExactlyInAnyOrder("content-type", "accept", "user-agent", "openai-beta",
				"accept-encoding", "authorization");
		assertThat(to.get("authorization")).isEqualTo("Bearer sk-provider-secret");
		assertThat(to.get("accept-encoding")).isEqualTo("identity");
	}

	@Test
	void azureTakesItsKeyByAnotherName() {
		HttpHeaders to = new DefaultHttpHeaders();

		RelayHeaders.toProvider(new DefaultHttpHeaders(), provider(ProviderKind.AZURE_OPENAI), to);

		assertThat(to.get("api-key")).isEqualTo("sk-provider-secret");
		assertThat(to.contains("authorization")).isFalse();
	}

	@Test
	void theClientIsToldAllButWhatIsAboutTheConnectionOrAnotherHost() {
		HttpHeaders provider = new DefaultHttpHeaders().add("Content-Type", "application/json")
			.add("Retry-After", "7")
			.add("x-ratelimit-remaining-tokens", "5")
			.add("openai-processing-ms", "12")
			.add("x-request-id", "theirs")
			.add("set-cookie", "a=b")
			.add("connection", "keep-alive, X-Hop")
			.add("x-hop", "1")
			.add("keep-alive", "timeout=5")
			.add("transfer-encoding", "chunked")
			.add("content-length", "5")
			.add("strict-transport-security", "max-age=1")
			.add("alt-svc", "h3=\":443\"");
		HttpHeaders to = new DefaultHttpHeaders();

		RelayHeaders.toClient(provider, REQUEST, to);

		assertThat(to.names()).containsExactlyInAnyOrder("Content-Type", "Retry-After", "x-ratelimit-remaining-tokens",
				"openai-processing-ms", "x-provider-request-id", "x-request-id");
		assertThat(to.get("x-provider-request-id")).isEqualTo("theirs");
		assertThat(to.get("x-request-id")).isEqualTo(REQUEST.value());
	}

	private static Provider provider(ProviderKind kind) {
		return new Provider(new ProviderId("prv_" + "0".repeat(Ids.BODY_LENGTH)), "p", kind,
				URI.create("https://example.com/v1"), Secret.of("sk-provider-secret"), List.of(), true,
				Duration.ofSeconds(5), true, Instant.EPOCH);
	}

}
