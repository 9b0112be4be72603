package io.tallygate.agency;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import com.jayway.jsonpath.JsonPath;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.Problem;
import io.tallygate.support.AdminRooms;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.EntityExchangeResult;
import org.springframework.test.web.reactive.server.WebTestClient;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** What becomes of a POST to the admin API that is repeated, through the socket. */
class AdminIdempotencyIntegrationTests {

	private static AdminRooms.Running rooms;

	private final Map<String, Object> agency = rooms.agency();

	private final String token = (String) this.agency.get("admin_token");

	/**
	 * A call that tests hold in their hands. No controller, which scans of other tests
	 * would find.
	 */
	static class HeldCall implements WebFilter {

		private static volatile Mono<String> work = Mono.just("done");

		private static final List<AdminRequest> REQUESTS = new CopyOnWriteArrayList<>();

		@Override
		public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
			if (!exchange.getRequest().getPath().value().equals("/admin/v1/held")) {
				return chain.filter(exchange);
			}
			REQUESTS.add(exchange.getRequiredAttribute(AdminRequest.ATTRIBUTE));
			exchange.getResponse().getHeaders().setContentType(MediaType.APPLICATION_JSON);
			return exchange.getResponse()
				.writeWith(work
					.map((word) -> "{\"word\":\"" + word
							+ "\",\"secret\":\"s3cret\",\"client_secret\":\"seti_1_secret_2\"}")
					.map((json) -> exchange.getResponse().bufferFactory().wrap(json.getBytes())));
		}

	}

	@BeforeAll
	static void start() {
		rooms = AdminRooms.start(List.of(HeldCall.class), "tallygate.admin-request-lease=1s");
	}

	@AfterAll
	static void stop() {
		rooms.close();
	}

	@Test
	void aRepeatGetsTheSameAnswerWithoutTheSecretAndMakesNothing() {
		String body = "{\"name\":\"Website\"}";
		byte[] first = post("/channels", "k1", body).expectStatus()
			.isCreated()
			.returnResult(byte[].class)
			.getResponseBodyContent();

		post("/channels", "k1", " { \"name\" : \"Website\" } ").expectStatus()
			.isCreated()
			.expectHeader()
			.valueEquals("Idempotent-Replayed", "true")
			.expectHeader()
			.valueMatches("Original-Request", "req_.*")
			.expectBody()
			.json(first == null ? "{}" : new String(first));
		assertThat(channels()).isEqualTo(1);
	}

	@Test
	void aRepeatShowsThatThereWasASecretAndStripesOwnStays() {
		HeldCall.work = Mono.just("done");

		post("/held", "k1", "{}").expectStatus().isOk().expectBody().jsonPath("$.secret").isEqualTo("s3cret");

		post("/held", "k1", "{}").expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.secret")
			.isEqualTo(null)
			.jsonPath("$.client_secret")
			.isEqualTo("seti_1_secret_2");
		assertThat(rooms.count("select count(*) from admin_request r where encode(r.body, 'escape') like '%secret%'"))
			.isZero();
	}

	@Test
	void aNewAgencysTokenIsNotShownAgain() {
		String key = "agency-" + this.agency.get("id");

		String made = body(as(AdminRooms.PLATFORM, "/agencies", key, "{\"name\":\"Twice\"}"));
		String again = body(as(AdminRooms.PLATFORM, "/agencies", key, "{\"name\":\"Twice\"}"));

		assertThat(JsonPath.<String>read(made, "$.admin_token")).startsWith("tga_");
		assertThat(JsonPath.<String>read(again, "$.id")).isEqualTo(JsonPath.<String>read(made, "$.id"));
		assertThat(JsonPath.<Object>read(again, "$.admin_token")).isNull();
	}

	@Test
	void aKeyIsBoundToItsRequest() {
		post("/channels", "k1", "{\"name\":\"Website\"}").expectStatus().isCreated();

		for (WebTestClient.ResponseSpec other : List.of(post("/channels", "k1", "{\"name\":\"Phone\"}"),
				post("/channels?x=1", "k1", "{\"name\":\"Website\"}"),
				post("/clients", "k1", "{\"name\":\"Website\"}"))) {
			other.expectStatus().isBadRequest().expectBody().jsonPath("$.code").isEqualTo("idempotency_key_reused");
		}
		assertThat(channels()).isEqualTo(1);
	}

	@Test
	void aKeyIsItsAgencysOwn() {
		String other = (String) rooms.agency().get("admin_token");

		post("/channels", "k1", "{\"name\":\"Website\"}").expectStatus().isCreated();
		as(other, "/channels", "k1", "{\"name\":\"Phone\"}").expectStatus().isCreated();
	}

	@Test
	void anotherRoleIsShownNoAnswerThatWasNotItsOwn() {
		String billing = (String) rooms
			.done("POST", "/agencies/" + this.agency.get("id") + "/admin_tokens", this.token,
					"{\"name\":\"b\",\"role\":\"billing\"}")
			.get("admin_token");
		post("/clients", "k1", "{\"nickname\":\"Bakery\"}").expectStatus().isCreated();

		as(billing, "/clients", "k1", "{\"nickname\":\"Bakery\"}").expectStatus()
			.isBadRequest()
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("idempotency_key_reused");
	}

	@Test
	void whatIsStillServedIsNotServedTwice() {
		Sinks.One<String> end = Sinks.one();
		HeldCall.work = end.asMono();
		var first = Mono.fromCallable(() -> body(post("/held", "k1", "{}")))
			.subscribeOn(Schedulers.boundedElastic())
			.toFuture();
		await().until(() -> rooms.count("select count(*) from admin_request where scope = '" + this.agency.get("id")
				+ "' and status is null") == 1);

		post("/held", "k1", "{}").expectStatus()
			.isEqualTo(409)
			.expectHeader()
			.valueEquals("Retry-After", "1")
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("idempotency_in_progress");

		end.tryEmitValue("late");
		assertThat(first.join()).contains("late");
		post("/held", "k1", "{}").expectStatus().isOk().expectBody().jsonPath("$.word").isEqualTo("late");
	}

	@Test
	void whoeverHungUpFindsTheAnswerLater() {
		Sinks.One<String> end = Sinks.one();
		HeldCall.work = end.asMono();
		HeldCall.REQUESTS.clear();
		WebTestClient impatient = rooms.http().mutate().responseTimeout(Duration.ofMillis(300)).build();
		Mono.fromCallable(() -> request(impatient, this.token, "/held", "k1", "{}"))
			.onErrorComplete()
			.subscribeOn(Schedulers.boundedElastic())
			.block();

		end.tryEmitValue("late");

		await().until(() -> rooms.count("select count(*) from admin_request where scope = '" + this.agency.get("id")
				+ "' and status = 200") == 1);
		post("/held", "k1", "{}").expectStatus().isOk().expectBody().jsonPath("$.word").isEqualTo("late");
		assertThat(HeldCall.REQUESTS).hasSize(1);
	}

	@Test
	void aRequestThatFailedBeforeItMadeAnythingFreesItsKey() {
		post("/channels", "k1", "{\"name\":\"\"}").expectStatus().isEqualTo(422);

		post("/channels", "k1", "{\"name\":\"Website\"}").expectStatus().isCreated();
	}

	@Test
	void aRequestThatMayHaveMadeSomethingIsRepeatedUnderTheSameIdAndStaysBound() {
		AtomicInteger calls = new AtomicInteger();
		HeldCall.REQUESTS.clear();
		HeldCall.work = Mono.defer(() -> {
			HeldCall.REQUESTS.get(HeldCall.REQUESTS.size() - 1).reachOut();
			return (calls.incrementAndGet() < 3) ? Mono.error(new Problem(502, "stripe_unavailable", "no answer"))
					: Mono.just("done");
		});

		post("/held", "k1", "{}").expectStatus().isEqualTo(502);
		post("/held", "k1", "{\"x\":1}").expectStatus().isBadRequest();
		post("/held", "k1", "{}").expectStatus().isEqualTo(502);
		post("/held", "k1", "{}").expectStatus().isOk();

		assertThat(HeldCall.REQUESTS).extracting(AdminRequest::id)
			.hasSize(3)
			.containsOnly(HeldCall.REQUESTS.get(0).id());
		assertThat(HeldCall.REQUESTS).extracting(AdminRequest::isRepeat).containsExactly(false, true, true);
		assertThat(HeldCall.REQUESTS.get(2).idOf("cli_")).isEqualTo(HeldCall.REQUESTS.get(0).idOf("cli_"));
	}

	@Test
	void whatAProcessLeftUnansweredIsServedAgainAfterItsLease() {
		HeldCall.work = Mono.never();
		WebTestClient impatient = rooms.http().mutate().responseTimeout(Duration.ofMillis(300)).build();
		Mono.fromCallable(() -> request(impatient, this.token, "/held", "k1", "{}"))
			.onErrorComplete()
			.subscribeOn(Schedulers.boundedElastic())
			.block();
		HeldCall.work = Mono.just("again");

		await().atMost(Duration.ofSeconds(10))
			.until(() -> post("/held", "k1", "{}").returnResult(String.class).getStatus().value() == 200);
	}

	@Test
	void afterADayTheKeyIsFreeAndTheOldAnswerGone() {
		post("/channels", "k1", "{\"name\":\"Website\"}").expectStatus().isCreated();
		rooms.database().execute("update admin_request set created_at = now() - interval '25 hours'");

		post("/channels", "k2", "{\"name\":\"Mail\"}").expectStatus().isCreated();
		assertThat(rooms.count("select count(*) from admin_request where created_at < now() - interval '24 hours'"))
			.isZero();
		post("/channels", "k1", "{\"name\":\"Phone\"}").expectStatus().isCreated();
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 256 })
	void aKeyHasOneTo255Characters(int length) {
		post("/channels", "k".repeat(length), "{\"name\":\"Website\"}").expectStatus().isBadRequest();
		assertThat(channels()).isZero();
	}

	@Test
	void aBodyThatIsTooLargeIsRefused() {
		post("/channels", "k1", "{\"name\":\"" + "x".repeat(300_000) + "\"}").expectStatus().isEqualTo(413);
	}

	@Test
	void onlyAPostIsRemembered() {
		rooms.http()
			.get()
			.uri("/admin/v1/channels")
			.headers((headers) -> headers.setBearerAuth(this.token))
			.header("Idempotency-Key", "k1")
			.exchange()
			.expectStatus()
			.isOk();

		assertThat(rooms.count("select count(*) from admin_request where scope = '" + this.agency.get("id") + "'"))
			.isZero();
	}

	private WebTestClient.ResponseSpec post(String path, String key, String json) {
		return as(this.token, path, key, json);
	}

	private static WebTestClient.ResponseSpec as(String token, String path, String key, String json) {
		return request(rooms.http(), token, path, key, json);
	}

	private static WebTestClient.ResponseSpec request(WebTestClient http, String token, String path, String key,
			String json) {
		return http.method(HttpMethod.POST)
			.uri("/admin/v1" + path)
			.headers((headers) -> headers.setBearerAuth(token))
			.header("Idempotency-Key", key)
			.contentType(MediaType.APPLICATION_JSON)
			.bodyValue(json)
			.exchange();
	}

	private static String body(WebTestClient.ResponseSpec answer) {
		EntityExchangeResult<String> result = answer.expectStatus()
			.is2xxSuccessful()
			.expectBody(String.class)
			.returnResult();
		return String.valueOf(result.getResponseBody());
	}

	private long channels() {
		return rooms.count("select count(*) from channel where agency_id = '" + this.agency.get("id") + "'");
	}

}
