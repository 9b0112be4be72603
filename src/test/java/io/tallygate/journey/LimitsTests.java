package io.tallygate.journey;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Client;
import io.tallygate.support.Together;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A client with limits, from the agency that sets them to the app that meets them: what
 * is refused costs nobody anything, and what was used is seen.
 */
class LimitsTests {

	private static final JsonMapper JSON = new JsonMapper();

	/** What the fake provider counts for the prompt, and what it is told to answer. */
	private static final int TOKENS = 7 + 20;

	private static RunningGateway gateway;

	private static RunningGateway.Agency agency;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start();
		agency = gateway.agency();
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	void aCapOfMessagesIsReachedByMessagesAndSeenByTheAgency() {
		Client client = agency.client("Messages",
				Map.of("charge_by", "messages", "caps", Map.of("soft_quantity", 2, "hard_quantity", 3)));

		for (int i = 0; i < 3; i++) {
			assertThat(chat(client).statusCode()).isEqualTo(200);
		}
		HttpResponse<byte[]> refused = chat(client);

		assertThat(refused.statusCode()).isEqualTo(402);
		assertThat(refused.headers().firstValue("x-should-retry")).hasValue("false");
		JsonNode error = JSON.readTree(refused.body()).path("error");
		assertThat(error.path("code").stringValue()).isEqualTo("usage_cap_reached");
		assertThat(error.path("type").stringValue()).isEqualTo("billing_error");
		assertThat(error.path("message").stringValue()).startsWith("The usage cap of 3 messages is reached: 3 used.")
			.contains("It resets at 20");
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> period(client).path("used_quantity").asInt(), (used) -> used == 3);
		assertThat(period(client).path("soft_cap_reached").asBoolean()).isTrue();
		assertThat(period(client).path("soft_cap_reached_at").asString()).startsWith("20");
		assertThat(period(client).path("hard_cap_reached").asBoolean()).isTrue();
		assertThat(gateway.lines(client)).hasSize(3);
	}

	@Test
	void aHigherCapAdmitsAgainWithoutAnotherEpoch() {
		Client client = agency.client("Tokens", Map.of("caps", Map.of("hard_quantity", TOKENS)));
		assertThat(chat(client).statusCode()).isEqualTo(200);
		assertThat(chat(client).statusCode()).isEqualTo(402);

		JsonNode changed = agency.call("PATCH", "/clients/" + client.id(),
				Map.of("caps", Map.of("hard_quantity", 2 * TOKENS)));

		assertThat(changed.path("epoch").asInt()).isEqualTo(1);
		await().atMost(RunningGateway.PATIENCE).until(() -> chat(client).statusCode(), (status) -> status == 200);
		assertThat(chat(client).statusCode()).isEqualTo(402);
	}

	/** As invoices do. */
	@Test
	void aCapHoldsForTheSubscriptionsPeriodOnceThatIsKnown() {
		Client client = agency.client("Subscribed",
				Map.of("charge_by", "messages", "caps", Map.of("hard_quantity", 2)));
		assertThat(chat(client).statusCode()).isEqualTo(200);
		Instant start = Instant.now().truncatedTo(ChronoUnit.MINUTES).minus(Duration.ofMinutes(5));
		gateway.sql()
			.sql("""
					insert into client_payment (client_id, agency_id, status, period_start, period_end)
					select id, agency_id, 'active', :start, :end from client where id = :client
					""")
			.param("client", client.id())
			.param("start", Timestamp.from(start))
			.param("end", Timestamp.from(start.plus(Duration.ofDays(7))))
			.update();
		agency.call("PATCH", "/clients/" + client.id(), Map.of("caps", Map.of("hard_quantity", 3)));
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> chat(client).statusCode() == 200 && inPeriod(client, start) > 0);
		await().atMost(RunningGateway.PATIENCE).until(() -> chat(client).statusCode(), (status) -> status == 402);

		assertThat(inPeriod(client, start)).isEqualTo(3);
		assertThat(period(client).path("start").asString()).isEqualTo(start.toString());
		assertThat(period(client).path("end").asString()).isEqualTo(start.plus(Duration.ofDays(7)).toString());
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> period(client).path("used_quantity").asInt(), (used) -> used == 3);
	}

	private static long inPeriod(Client client, Instant start) {
		return gateway.sql()
			.sql("select count(*) from ledger where client_id = :client and period_start = :start")
			.param("client", client.id())
			.param("start", Timestamp.from(start))
			.query(Long.class)
			.single();
	}

	@Test
	void ofFiftyAtOnceNoMoreAreAnsweredThanTheCapLets() {
		Client client = agency.client("Race", Map.of("charge_by", "messages", "caps", Map.of("hard_quantity", 7)));

		List<Integer> statuses = Together.run(50,
				IntStream.range(0, 50).<Callable<Integer>>mapToObj((i) -> () -> chat(client).statusCode()).toList());

		assertThat(statuses).containsOnly(200, 402);
		assertThat(statuses.stream().filter((status) -> status == 200)).hasSize(7);
		assertThat(gateway.lines(client, 7)).hasSize(7);
		gateway.assertNothingIsOpen();
	}

	@Test
	void aRateOfRequestsIsToldInEveryAnswerAndKept() {
		Client client = agency.client("Rate", Map.of("rate_limit", Map.of("requests_per_minute", 2)));

		HttpResponse<byte[]> first = chat(client);
		assertThat(first.headers().firstValue("x-ratelimit-limit-requests")).hasValue("2");
		assertThat(first.headers().firstValue("x-ratelimit-remaining-requests")).hasValue("1");
		assertThat(first.headers().firstValue("x-ratelimit-reset-requests")).hasValue("30s");
		assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).isEmpty();
		assertThat(chat(client).statusCode()).isEqualTo(200);
		HttpResponse<byte[]> refused = chat(client);

		assertThat(refused.statusCode()).isEqualTo(429);
		assertThat(JSON.readTree(refused.body()).at("/error/code").stringValue()).isEqualTo("rate_limit_exceeded");
		assertThat(refused.headers().firstValueAsLong("retry-after").orElseThrow()).isBetween(1L, 30L);
		assertThat(refused.headers().firstValueAsLong("retry-after-ms").orElseThrow()).isBetween(1L, 30_000L);
		assertThat(refused.headers().firstValue("x-ratelimit-remaining-requests")).hasValue("0");
		assertThat(gateway.lines(client, 2)).hasSize(2);
	}

	@Test
	void aRateOfTokensIsReservedAtTheOpenAndSetRightAtTheClose() {
		Client client = agency.client("Tokens a minute", Map.of("rate_limit", Map.of("tokens_per_minute", 10_000)));

		HttpResponse<byte[]> first = chat(client);
		HttpResponse<byte[]> second = chat(client);

		// The first reserves all there is, because it does not say how much it may
		// answer.
		assertThat(first.headers().firstValue("x-ratelimit-remaining-tokens")).hasValue("0");
		assertThat(second.statusCode()).isEqualTo(200);
		assertThat(second.headers().firstValue("x-ratelimit-limit-tokens")).hasValue("10000");
	}

	private static HttpResponse<byte[]> chat(Client client) {
		HttpResponse<byte[]> answer = gateway.chat(client,
				Map.of("model", "fake:t=20,d=0", "messages", List.of(Map.of("role", "user", "content", "Hi"))));
		assertThat(new String(answer.body(), StandardCharsets.UTF_8)).doesNotContain("internal_error");
		return answer;
	}

	private static JsonNode period(Client client) {
		return agency.call("GET", "/clients/" + client.id(), Map.of()).path("period");
	}

}
