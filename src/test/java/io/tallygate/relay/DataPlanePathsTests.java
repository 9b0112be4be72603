package io.tallygate.relay;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** No spelling of a data plane path falls through to somebody else. */
class DataPlanePathsTests {

	@ParameterizedTest
	@ValueSource(strings = { "/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/", "/v1/chat//completions",
			"//v1/chat/completions", "/v1//chat/completions", "///v1///chat///completions", "/./v1/chat/completions",
			"/v1/./chat/completions", "/v1/../v1/chat/completions", "/x/../v1/chat/completions",
			"/v1/chat/completions/..", "/v1/chat/completions/.", "/V1/chat/completions", "/v1/Chat/Completions",
			"/V1/CHAT/COMPLETIONS", "/v1/chat%2fcompletions", "/v1/chat%2Fcompletions", "/v1%2fchat/completions",
			"/%2fv1/chat/completions", "%2fv1/chat/completions", "/%76%31/chat/completions", "/%761/chat/completions",
			"/v%31/chat/completions", "/%2576%2531/chat/completions", "/v1/%63hat/completions",
			"/v1;x/chat/completions", "/v1/chat;x=1/completions", "/v1/chat/completions;x", "/;/v1/chat/completions",
			"/;x/v1/chat/completions", "/v1/chat/completions%00", "/v1/chat/completions%20", "/v1%20/chat/completions",
			"/%20v1/chat/completions", "/v1/chat/completions%0a", "/v1\\chat\\completions", "\\v1\\chat\\completions",
			"/v1%5cchat%5ccompletions", "/%5cv1/chat/completions", "/%2e/v1/chat/completions",
			"/%2e%2e/v1/chat/completions", "/x/%2e%2e/v1/chat/completions", "/x/..%2fv1/chat/completions",
			"/x%2f..%2fv1/chat/completions", "/admin/../v1/chat/completions", "/portal/..;/v1/chat/completions",
			"/v1/../admin/v1/agencies", "/v1/%2e%2e/portal", "/v1/models/", "/v1/models/gpt-4o", "/v1/completions",
			"/v1/responses", "/v1/embeddings", "/v1/files", "/v1/batches", "/v1/realtime", "/v1/messages",
			"/v1beta/models/gemini:generateContent", "/v1beta", "/V1BETA/models", "/ghl", "/ghl/loc_1/v1/models",
			"/GHL/x", "/chat/completions", "/Chat/completions", "/models", "/responses", "/openai/deployments/x" })
	void isRefusedHere(String rawPath) {
		assertThat(DataPlanePaths.covers(rawPath)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/", "", "/admin/v1/clients", "/admin/v1/ledger", "/portal", "/portal/clients/v1",
			"/webhooks/stripe/agy_1", "/actuator/health", "/c/abc.def", "/favicon.ico", "/admin", "/v10", "/v1x/chat",
			"/ghlx", "/portal/models" })
	void isSomebodyElses(String rawPath) {
		assertThat(DataPlanePaths.covers(rawPath)).isFalse();
	}

}
