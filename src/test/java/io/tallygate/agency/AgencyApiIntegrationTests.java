package io.tallygate.agency;

import java.net.URI;
import java.util.Map;
import java.util.stream.IntStream;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.provider.Provider;
import io.tallygate.support.AdminRooms;
import io.tallygate.support.RawClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Agencies, tokens and providers, through the socket. */
class AgencyApiIntegrationTests {

	private static final String NOBODY = "agy_" + "0".repeat(Ids.BODY_LENGTH);

	private static AdminRooms.Running rooms;

	private static WireMockServer openai;

	private final Map<String, Object> agency = rooms.agency();

	private final String id = (String) this.agency.get("id");

	private final String token = (String) this.agency.get("admin_token");

	@BeforeAll
	static void start() {
		openai = new WireMockServer(WireMockConfiguration.options().dynamicPort());
		openai.start();
		rooms = AdminRooms.start("tallygate.admin-token-cache=0s",
				"tallygate.provider-hosts-allowed=127.0.0.1:" + openai.port());
	}

	@AfterAll
	static void stop() {
		rooms.close();
		openai.stop();
	}

	@Test
	void anAgencyReadsItselfWithTheTokenThatItWasGiven() {
		assertThat(this.token).matches("tga_[0-9A-Za-z]{36}");
		assertThat(rooms.done("GET", "/agencies/" + this.id, this.token, null)).containsEntry("name", "Acme")
			.containsEntry("status", "active")
			.containsEntry("rebilling", "enabled")
			.doesNotContainKey("admin_token");
	}

	@Test
	void anotherAgencyIsNotThere() {
		rooms.call("GET", "/agencies/" + rooms.agency().get("id"), this.token, null).expectStatus().isNotFound();
		rooms.call("GET", "/agencies/" + NOBODY, AdminRooms.PLATFORM, null).expectStatus().isNotFound();
		rooms.call("GET", "/agencies/%00", AdminRooms.PLATFORM, null).expectStatus().isNotFound();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "x", "tga_", "tga_000000000000000000000000000000000000", "' or 1=1 --" })
	void aTokenThatIsNoneIsRefused(String wrong) {
		rooms.call("GET", "/agencies/" + this.id, wrong, null)
			.expectStatus()
			.isUnauthorized()
			.expectHeader()
			.valueMatches("WWW-Authenticate", "Bearer.*")
			.expectHeader()
			.valueMatches("x-request-id", "req_[0-9a-z]{26}")
			.expectHeader()
			.contentType("application/problem+json")
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("invalid_token")
			.jsonPath("$.request_id")
			.exists();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/admin;x/v1/agencies", "/%61dmin/v1/agencies", "/admin/v1/%61gencies",
			"/admin/v1/agencies;x=1" })
	void anOddSpellingIsNoWayPastTheToken(String path) {
		String port = rooms.context().getEnvironment().getProperty("local.server.port");

		rooms.http()
			.get()
			.uri(URI.create("http://127.0.0.1:" + port + path))
			.exchange()
			.expectStatus()
			.isUnauthorized();
	}

	/** Reactor Netty before 1.3.8 did not (reactor/reactor-netty#4361). */
	@Test
	void aConnectionIsReadOnWhenTheNextRequestOvertakesTheEndOfTheLast() {
		String port = rooms.context().getEnvironment().getProperty("local.server.port");
		String refused = "GET /admin/v1/agencies HTTP/1.1\r\nHost: localhost\r\n";
		String answered = refused + "Authorization: Bearer " + AdminRooms.PLATFORM + "\r\n";
		IntStream.range(0, 4).parallel().forEach((caller) -> {
			try (RawClient client = new RawClient(Integer.parseInt(port))) {
				for (int i = 0; i < 100; i++) {
					assertThat(client.send(answered + "\r\n").answer().status()).isEqualTo(200);
					assertThat(client.send(refused + "\r\n").answer().status()).isEqualTo(401);
				}
			}
		});
	}

	@Test
	void theWrongKindOfTokenIsRefused() {
		rooms.call("POST", "/agencies", this.token, "{\"name\":\"x\"}")
			.expectStatus()
			.isForbidden()
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("wrong_token");
		rooms.call("GET", "/providers", AdminRooms.PLATFORM, null)
			.expectStatus()
			.isForbidden()
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("wrong_token");
	}

	@Test
	void aSuspendedAgencyReadsAndChangesNothing() {
		rooms.done("PATCH", "/agencies/" + this.id, AdminRooms.PLATFORM, "{\"status\":\"suspended\"}");

		rooms.call("GET", "/providers", this.token, null).expectStatus().isOk();
		rooms.call("POST", "/channels", this.token, "{\"name\":\"x\"}")
			.expectStatus()
			.isForbidden()
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("agency_suspended");
	}

	@Test
	void withoutRebillingAnAgencyReadsOnlyItself() {
		rooms.done("PATCH", "/agencies/" + this.id, AdminRooms.PLATFORM, "{\"rebilling\":\"disabled\"}");

		rooms.call("GET", "/agencies/" + this.id, this.token, null).expectStatus().isOk();
		rooms.call("GET", "/clients", this.token, null)
			.expectStatus()
			.isForbidden()
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("rebilling_not_enabled");
	}

	@ParameterizedTest
	@CsvSource({ "support, GET, /providers, 200", "support, POST, /channels, 403", "billing, POST, /channels, 201",
			"billing, POST, /agencies/{id}/admin_tokens, 403", "billing, GET, /agencies/{id}/admin_tokens, 200",
			"billing, DELETE, /admin_tokens/none, 403", "billing, DELETE, /keys/none, 403",
			"support, GET, /agencies/{id}/admin_tokens, 200", "owner, POST, /agencies/{id}/admin_tokens, 201" })
	void aRoleAllowsWhatItSays(String role, String method, String path, int status) {
		String made = (String) rooms
			.done("POST", "/agencies/" + this.id + "/admin_tokens", this.token,
					"{\"name\":\"t\",\"role\":\"" + role + "\"}")
			.get("admin_token");

		rooms.call(method, path.replace("{id}", this.id), made, method.equals("POST") ? "{\"name\":\"x\"}" : null)
			.expectStatus()
			.isEqualTo(status);
	}

	@Test
	void aRevokedTokenIsDeadAndTheOthersLive() {
		Map<String, Object> second = rooms.done("POST", "/agencies/" + this.id + "/admin_tokens", this.token,
				"{\"name\":\"second\"}");

		rooms.call("DELETE", "/admin_tokens/" + second.get("id"), this.token, null).expectStatus().isNoContent();

		rooms.call("GET", "/providers", (String) second.get("admin_token"), null).expectStatus().isUnauthorized();
		rooms.call("GET", "/providers", this.token, null).expectStatus().isOk();
	}

	@Test
	void aTokenIsNotRevokedByAnotherAgency() {
		Map<String, Object> second = rooms.done("POST", "/agencies/" + this.id + "/admin_tokens", this.token,
				"{\"name\":\"second\"}");

		rooms.call("DELETE", "/admin_tokens/" + second.get("id"), (String) rooms.agency().get("admin_token"), null)
			.expectStatus()
			.isNotFound();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			value = { "{\"nam\":\"x\"} | 422 | unknown_field", "{\"name\":1} | 422 | invalid_request",
					"{\"name\":\"\"} | 422 | invalid_request", "{} | 422 | invalid_request",
					"{\"name\":\"x\",\"time_zone\":\"Mars/Base\"} | 422 | invalid_request",
					"{\"name\":\"x\",\"status\":\"gone\"} | 422 | invalid_request", "{\"name\": | 400 | invalid_json",
					"{\"name\":\"a\\u0000b\"} | 422 | invalid_request",
					"{\"name\":\"x\",\"name\":\"y\"} | 400 | invalid_json", "[] | 422 | invalid_request" })
	void aBodyThatBreaksARuleIsToldWhich(String body, int status, String code) {
		long before = rooms.count("select count(*) from agency");

		rooms.call("POST", "/agencies", AdminRooms.PLATFORM, body)
			.expectStatus()
			.isEqualTo(status)
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo(code)
			.jsonPath("$.status")
			.isEqualTo(status)
			.jsonPath("$.detail")
			.exists();

		assertThat(rooms.count("select count(*) from agency")).isEqualTo(before);
	}

	@Test
	void whatIsNotThereAndWhatIsNotTakenAreProblemsToo() {
		rooms.call("GET", "/nothing", this.token, null)
			.expectStatus()
			.isNotFound()
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("not_found");
		rooms.call("PUT", "/agencies", AdminRooms.PLATFORM, "{}")
			.expectStatus()
			.isEqualTo(405)
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("method_not_allowed");
		rooms.http()
			.post()
			.uri("/admin/v1/agencies")
			.headers((headers) -> headers.setBearerAuth(AdminRooms.PLATFORM))
			.header("Content-Type", "text/plain")
			.bodyValue("name=x")
			.exchange()
			.expectStatus()
			.isEqualTo(415);
		rooms.call("GET", "/agencies?limit=0", AdminRooms.PLATFORM, null)
			.expectStatus()
			.isEqualTo(422)
			.expectBody()
			.jsonPath("$.errors[0].pointer")
			.isEqualTo("/limit");
	}

	@Test
	void agenciesAreListedNewestFirst() {
		String newest = (String) rooms.agency().get("id");

		rooms.call("GET", "/agencies?limit=1", AdminRooms.PLATFORM, null)
			.expectBody()
			.jsonPath("$.object")
			.isEqualTo("list")
			.jsonPath("$.data[0].id")
			.isEqualTo(newest)
			.jsonPath("$.has_more")
			.isEqualTo(true);
		rooms.call("GET", "/agencies?limit=1&starting_after=" + newest, AdminRooms.PLATFORM, null)
			.expectBody()
			.jsonPath("$.data[0].id")
			.isEqualTo(this.id);
	}

	@Test
	void aProvidersKeyIsSealedAndOpensForTheDataPlane() {
		Map<String, Object> made = provider("{\"name\":\"OpenAI\",\"kind\":\"openai\",\"base_url\":\"" + url()
				+ "/\",\"api_key\":\"sk-secret-of-the-agency\",\"models\":[\"gpt-*\"],\"default\":true}");

		assertThat(made).containsEntry("base_url", url())
			.containsEntry("api_key_last4", "ency")
			.containsEntry("default", true)
			.doesNotContainKey("api_key");
		assertThat(rooms.count("select count(*) from provider p where p::text like '%sk-secret%' or "
				+ "position('sk-secret'::bytea in sealed_key) > 0"))
			.isZero();
		Provider opened = rooms.context()
			.getBean(AgencyProviders.class)
			.of(new AgencyId(this.id))
			.block()
			.serving("gpt-4o")
			.orElseThrow();
		assertThat(opened.apiKey().reveal()).isEqualTo("sk-secret-of-the-agency");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', value = { "{\"kind\":\"openai\",\"api_key\":\"k\"} | /name",
			"{\"name\":\"n\",\"api_key\":\"k\"} | /kind", "{\"name\":\"n\",\"kind\":\"openai\"} | /api_key",
			"{\"name\":\"n\",\"kind\":\"openai_compatible\",\"api_key\":\"k\"} | /base_url",
			"{\"name\":\"n\",\"kind\":\"openai\",\"api_key\":\"k\",\"base_url\":\"http://127.0.0.1:1/v1\"} | /base_url",
			"{\"name\":\"n\",\"kind\":\"openai\",\"api_key\":\"k\",\"base_url\":\"https://169.254.169.254\"} | /base_url",
			"{\"name\":\"n\",\"kind\":\"anthropic\",\"api_key\":\"k\",\"base_url\":\"https://x.invalid\"} | /kind",
			"{\"name\":\"n\",\"kind\":\"openai\",\"api_key\":\"k\",\"timeout_ms\":1} | /timeout_ms",
			"{\"name\":\"n\",\"kind\":\"openai\",\"api_key\":\"k\",\"timeout_ms\":1.5} | /timeout_ms",
			"{\"name\":\"n\",\"kind\":\"openai\",\"api_key\":\"k\\nx\"} | /api_key",
			"{\"name\":\"n\",\"kind\":\"openai\",\"api_key\":\"k\",\"models\":[\"a*b\"]} | /models/0",
			"{\"name\":\"n\",\"kind\":\"openai\",\"api_key\":\"k\",\"modles\":[]} | /modles" })
	void aProviderThatBreaksARuleIsNotStored(String body, String pointer) {
		rooms.call("POST", "/providers", this.token, body)
			.expectStatus()
			.isEqualTo(422)
			.expectBody()
			.jsonPath("$.errors[0].pointer")
			.isEqualTo(pointer);

		assertThat(rooms.count("select count(*) from provider where agency_id = '" + this.id + "'")).isZero();
	}

	@Test
	void aChangedProviderKeepsItsKeyButNotAtAnotherHost() {
		Map<String, Object> made = provider(body());

		assertThat(rooms.done("PATCH", "/providers/" + made.get("id"), this.token, "{\"name\":\"renamed\"}"))
			.containsEntry("name", "renamed")
			.containsEntry("api_key_last4", "0123");
		rooms
			.call("PATCH", "/providers/" + made.get("id"), this.token,
					"{\"base_url\":\"https://elsewhere.invalid/v1\"}")
			.expectStatus()
			.isEqualTo(422)
			.expectBody()
			.jsonPath("$.errors[0].pointer")
			.isEqualTo("/api_key");
	}

	@Test
	void aDeletedProviderIsGoneAndItsKeyWithIt() {
		Map<String, Object> made = provider(body());

		rooms.call("DELETE", "/providers/" + made.get("id"), this.token, null).expectStatus().isNoContent();

		rooms.call("GET", "/providers/" + made.get("id"), this.token, null).expectStatus().isNotFound();
		assertThat(rooms.count("select length(sealed_key) from provider where id = '" + made.get("id") + "'")).isZero();
	}

	@Test
	void anotherAgencysProviderIsNotThere() {
		String made = (String) provider(body()).get("id");
		String stranger = (String) rooms.agency().get("admin_token");

		rooms.call("GET", "/providers/" + made, stranger, null).expectStatus().isNotFound();
		rooms.call("PATCH", "/providers/" + made, stranger, "{\"name\":\"x\"}").expectStatus().isNotFound();
		rooms.call("DELETE", "/providers/" + made, stranger, null).expectStatus().isNotFound();
		rooms.call("POST", "/providers/" + made + "/test", stranger, null).expectStatus().isNotFound();
	}

	@Test
	void aProviderIsTriedWithItsKey() {
		openai.stubFor(WireMock.get("/v1/models")
			.withHeader("Authorization", WireMock.equalTo("Bearer sk-test-key-0123"))
			.willReturn(WireMock.okJson("{\"data\":[]}")));
		String made = (String) provider(body()).get("id");

		assertThat(rooms.done("POST", "/providers/" + made + "/test", this.token, null)).containsEntry("ok", true)
			.containsEntry("status", 200)
			.containsKey("latency_ms");
	}

	@Test
	void aKeyThatCannotBeOpenedLeavesTheOtherProvidersServing() {
		String broken = (String) provider(body()).get("id");
		String sound = (String) provider(body()).get("id");
		rooms.database()
			.execute("update provider set sealed_key = (select sealed_key from provider where id = '" + sound
					+ "') where id = '" + broken + "'");

		assertThat(rooms.context().getBean(AgencyProviders.class).of(new AgencyId(this.id)).block().all())
			.extracting((provider) -> provider.id().value())
			.containsExactly(sound);
	}

	private Map<String, Object> provider(String body) {
		return rooms.done("POST", "/providers", this.token, body);
	}

	private static String body() {
		return "{\"name\":\"p\",\"kind\":\"openai\",\"base_url\":\"" + url() + "\",\"api_key\":\"sk-test-key-0123\"}";
	}

	private static String url() {
		return "http://127.0.0.1:" + openai.port() + "/v1";
	}

}
