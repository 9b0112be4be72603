package io.tallygate.client;

import java.util.List;
import java.util.Map;

import com.jayway.jsonpath.JsonPath;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.support.AdminRooms;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Clients, channels and keys, through the socket. */
class ClientApiIntegrationTests {

	private static AdminRooms.Running rooms;

	private final Map<String, Object> agency = rooms.agency();

	private final String token = (String) this.agency.get("admin_token");

	private final String customer = "cus_" + this.agency.get("id");

	@BeforeAll
	static void start() {
		rooms = AdminRooms.start();
	}

	@AfterAll
	static void stop() {
		rooms.close();
	}

	@Test
	void aClientWithoutStripeIsMeteredAndNotBilled() {
		Map<String, Object> client = create("{\"nickname\":\"Bakery\"}");

		assertThat(client).containsEntry("status", "active")
			.containsEntry("billing", "off")
			.containsEntry("platform", "api")
			.containsEntry("charge_by", "tokens")
			.containsEntry("billing_unit", 1000)
			.containsEntry("report", "units")
			.containsEntry("epoch", 1);
		assertThat(rooms.count("select count(*) from account where lane_id is null and client_id = '" + client.get("id")
				+ "' and divisor = 1000000"))
			.isEqualTo(1);
	}

	@Test
	void theKeysSecretIsInTheFirstAnswerOnlyAndInNoTable() {
		Map<String, Object> client = create("{\"nickname\":\"Bakery\",\"channel_name\":\"website\"}");
		String secret = JsonPath.read(client, "$.channels[0].keys[0].secret");

		assertThat(secret).matches("tg_test_[0-9A-Za-z]{36}");
		Map<String, Object> read = rooms.done("GET", "/clients/" + client.get("id"), this.token, null);
		assertThat(read.toString()).contains("website").doesNotContain(secret).doesNotContain("secret");
		assertThat(rooms.count("select count(*) from channel_key k where k::text like '%" + secret + "%'")).isZero();
	}

	@Test
	void aLiveConnectionMakesLiveKeys() {
		AdminRooms.Guard guard = rooms.context().getBean(AdminRooms.Guard.class);
		guard.live = true;
		try {
			Map<String, Object> client = create("{\"nickname\":\"Bakery\"}");

			assertThat(JsonPath.<String>read(client, "$.channels[0].keys[0].prefix")).isEqualTo("tg_live_");
		}
		finally {
			guard.live = false;
		}
	}

	@Test
	void aBilledClientHasALaneAnEpochAndAnAccount() {
		Map<String, Object> client = create(billed("price_1"));

		assertThat(client).containsEntry("billing", "on").containsEntry("stripe_customer_id", this.customer);
		assertThat(rooms
			.count("""
					select count(*) from client c
					join epoch e on e.client_id = c.id and e.epoch = 1 and e.divisor = 500000 and e.stripe_price_id = 'price_1'
					join account a on a.client_id = c.id and a.epoch = 1 and a.lane_id = e.lane_id and a.divisor = e.divisor
					join lane l on l.id = e.lane_id and l.client_id = c.id and l.meter_id = 'mtr_1'
					where c.id = '"""
					+ client.get("id") + "'"))
			.isEqualTo(1);
	}

	@Test
	void oneCustomerAndMeterBelongToOneClientAndNothingIsHalfWritten() {
		create(billed("price_1"));
		long before = rows();

		rooms.call("POST", "/clients", this.token, billed("price_2"))
			.expectStatus()
			.isEqualTo(409)
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("already_in_use");
		rooms.call("POST", "/clients", (String) rooms.agency().get("admin_token"), billed("price_1"))
			.expectStatus()
			.isEqualTo(409);

		// The stranger's agency and its token are all that has come.
		assertThat(rows()).isEqualTo(before);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`', value = { "{} | 422 | invalid_request | /nickname",
			"{\"nickname\":\"x\",\"billing_unit\":0} | 422 | invalid_request | /billing_unit",
			"{\"nickname\":\"x\",\"billing_unit\":-1} | 422 | invalid_request | /billing_unit",
			"{\"nickname\":\"x\",\"billing_unit\":1.5} | 422 | invalid_request | /billing_unit",
			"{\"nickname\":\"x\",\"billing_unit\":\"10\"} | 422 | invalid_request | /billing_unit",
			"{\"nickname\":\"x\",\"billing_unit\":99999999999999999999} | 422 | invalid_request | /billing_unit",
			"{\"nickname\":\"x\",\"charge_by\":\"words\"} | 422 | invalid_request | /charge_by",
			"{\"nickname\":\"x\",\"charge_by\":1} | 422 | invalid_request | /charge_by",
			"{\"nickname\":\"x\",\"billing_units\":1} | 422 | unknown_field | /billing_units",
			"{\"nickname\":\"x\",\"token_weights\":{\"input\":1.2345}} | 422 | invalid_request | /token_weights/input",
			"{\"nickname\":\"x\",\"token_weights\":{\"output\":-1}} | 422 | invalid_request | /token_weights/output",
			"{\"nickname\":\"x\",\"token_weights\":{\"inputs\":1}} | 422 | unknown_field | /token_weights/inputs",
			"{\"nickname\":\"x\",\"models_allowed\":[\"a*b\"]} | 422 | invalid_request | /models_allowed/0",
			"{\"nickname\":\"x\",\"models_allowed\":\"gpt\"} | 422 | invalid_request | /models_allowed",
			"{\"nickname\":\"x\",\"stripe_customer_id\":\"cus_1\"} | 422 | invalid_request | /stripe_price_id",
			"{\"nickname\":\"x\",\"caps\":5} | 422 | invalid_request | /caps",
			"{\"nickname\":\"x\",\"caps\":{\"hard\":5}} | 422 | unknown_field | /caps/hard",
			"{\"nickname\":\"x\",\"caps\":{\"hard_quantity\":0}} | 422 | invalid_request | /caps/hard_quantity",
			"{\"nickname\":\"x\",\"caps\":{\"hard_quantity\":-3}} | 422 | invalid_request | /caps/hard_quantity",
			"{\"nickname\":\"x\",\"caps\":{\"hard_quantity\":\"9\"}} | 422 | invalid_request | /caps/hard_quantity",
			"{\"nickname\":\"x\",\"caps\":{\"hard_quantity\":1e400}} | 422 | invalid_request | /caps/hard_quantity",
			"{\"nickname\":\"x\",\"caps\":{\"soft_quantity\":1.0001}} | 422 | invalid_request | /caps/soft_quantity",
			"{\"nickname\":\"x\",\"caps\":{\"soft_quantity\":5,\"hard_quantity\":4.999}} | 422 | invalid_request | /caps/soft_quantity",
			"{\"nickname\":\"x\",\"rate_limit\":true} | 422 | invalid_request | /rate_limit",
			"{\"nickname\":\"x\",\"rate_limit\":{\"requests\":1}} | 422 | unknown_field | /rate_limit/requests",
			"{\"nickname\":\"x\",\"rate_limit\":{\"requests_per_minute\":0}} | 422 | invalid_request | /rate_limit/requests_per_minute",
			"{\"nickname\":\"x\",\"rate_limit\":{\"requests_per_minute\":1.5}} | 422 | invalid_request | /rate_limit/requests_per_minute",
			"{\"nickname\":\"x\",\"rate_limit\":{\"tokens_per_minute\":1000000001}} | 422 | invalid_request | /rate_limit/tokens_per_minute",
			"{\"nickname\":\"x\",\"replay\":true} | 422 | not_supported_yet | /replay",
			"{\"nickname\":\"x\",\"message_counts\":\"final_answer\"} | 422 | not_supported_yet | /message_counts",
			"{\"nickname\":\"x\",\"create_customer\":{}} | 422 | invalid_request | /charge_by",
			"{\"nickname\":\"x\",\"create_customer\":{\"nome\":\"x\"}} | 422 | unknown_field | /create_customer/nome",
			"{\"nickname\":\"x\",\"create_subscription\":true} | 422 | invalid_request | /create_subscription",
			"{\"nickname\":\"x\",\"billing_starts_at\":\"2030-01-01T00:00:00Z\"} | 422 | not_supported_yet | /billing_starts_at",
			"{\"nickname\":\"x\",\"platform\":\"gohighlevel\"} | 422 | not_supported_yet | /platform",
			"{\"nickname\":\"x\",\"ghl_location_id\":\"l\"} | 422 | not_supported_yet | /ghl_location_id" })
	void aBodyThatBreaksARuleStoresNothing(String body, int status, String code, String pointer) {
		long before = rows();

		rooms.call("POST", "/clients", this.token, body)
			.expectStatus()
			.isEqualTo(status)
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo(code)
			.jsonPath("$.errors[0].pointer")
			.isEqualTo(pointer);

		assertThat(rows()).isEqualTo(before);
	}

	@Test
	void whatStripeRefusesIsNotStored() {
		long before = rows();

		rooms.call("POST", "/clients", this.token, billed("price_unfit"))
			.expectStatus()
			.isEqualTo(422)
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo("price_mode_mismatch");

		assertThat(rows()).isEqualTo(before);
	}

	@Test
	void aChangeOfPolicyOpensTheNextEpochInTheSameLane() {
		String id = (String) create(billed("price_1")).get("id");

		Map<String, Object> changed = rooms.done("PATCH", "/clients/" + id, this.token,
				"{\"billing_unit\":250,\"token_weights\":{\"output\":2.5},\"on_epoch_close\":\"round_up\"}");

		assertThat(changed).containsEntry("epoch", 2)
			.containsEntry("billing_unit", 250)
			.containsEntry("on_epoch_close", "round_up");
		assertThat(JsonPath.<Double>read(changed, "$.token_weights.output")).isEqualTo(2.5);
		assertThat(rooms
			.count("""
					select count(*) from epoch former join epoch e on e.client_id = former.client_id and e.lane_id = former.lane_id
					join account a on a.client_id = e.client_id and a.epoch = 2 and a.divisor = 250000 and a.lane_id = e.lane_id
					where former.epoch = 1 and e.epoch = 2 and former.superseded_at is not null and e.superseded_at is null
					  and former.on_close = 'round_up' and e.weight_output = 2500 and e.client_id = '"""
					+ id + "'"))
			.isEqualTo(1);
	}

	@Test
	void anotherCustomerIsAnotherLane() {
		String id = (String) create(billed("price_1")).get("id");

		rooms.done("PATCH", "/clients/" + id, this.token, "{\"stripe_customer_id\":\"" + this.customer + "_2\"}");

		assertThat(rooms.count("select count(distinct lane_id) from epoch where client_id = '" + id + "'"))
			.isEqualTo(2);
	}

	@Test
	void whatDecidesNoMoneyJustChanges() {
		String id = (String) create(billed("price_1")).get("id");

		Map<String, Object> changed = rooms.done("PATCH", "/clients/" + id, this.token,
				"{\"nickname\":\"New\",\"models_allowed\":[\"gpt-*\"],\"on_disconnect\":\"abort\",\"on_missing_usage\":\"free\"}");

		assertThat(changed).containsEntry("epoch", 1)
			.containsEntry("nickname", "New")
			.containsEntry("models_allowed", List.of("gpt-*"))
			.containsEntry("on_disconnect", "abort")
			.containsEntry("on_missing_usage", "free");
	}

	@Test
	void aClientIsGivenLimitsAndTheyAreTakenAwayAgainWithoutAnEpoch() {
		Map<String, Object> client = create("""
				{"nickname":"x","caps":{"soft_quantity":800,"hard_quantity":1000.5},
				 "rate_limit":{"requests_per_minute":60,"tokens_per_minute":90000}}""");
		String id = (String) client.get("id");
		assertThat(client).containsEntry("caps", Map.of("soft_quantity", 800, "hard_quantity", 1000.5))
			.containsEntry("rate_limit", Map.of("requests_per_minute", 60, "tokens_per_minute", 90000));
		assertThat(rooms.count("select cap_hard from client where id = '" + id + "'")).isEqualTo(1_000_500);

		Map<String, Object> changed = rooms.done("PATCH", "/clients/" + id, this.token,
				"{\"caps\":{\"soft_quantity\":null,\"hard_quantity\":2000},\"rate_limit\":null}");

		assertThat(JsonPath.<Map<String, Object>>read(changed, "$.caps")).containsEntry("hard_quantity", 2000)
			.containsEntry("soft_quantity", null);
		assertThat(changed).containsEntry("rate_limit", null).containsEntry("epoch", 1);
		assertThat(rooms.done("PATCH", "/clients/" + id, this.token, "{\"caps\":null}")).containsEntry("caps", null);
		assertThat(create("{\"nickname\":\"y\",\"caps\":{},\"rate_limit\":{}}")).containsEntry("caps", null)
			.containsEntry("rate_limit", null);
	}

	@Test
	void aFaultOfALimitNamesItsValueAndItsRule() {
		rooms
			.call("POST", "/clients", this.token,
					"{\"nickname\":\"x\",\"caps\":{\"soft_quantity\":20,\"hard_quantity\":10}}")
			.expectBody()
			.jsonPath("$.errors[0].message")
			.isEqualTo("caps.soft_quantity must not be more than caps.hard_quantity (10) but was 20");
		rooms.call("POST", "/clients", this.token, "{\"nickname\":\"x\",\"rate_limit\":{\"requests_per_minute\":0}}")
			.expectBody()
			.jsonPath("$.errors[0].message")
			.isEqualTo("rate_limit.requests_per_minute must be at least 1 and at most 1000000000 but was 0");
	}

	@Test
	void aClientShowsWhatItHasUsedOfItsCapsInTheCurrentPeriod() {
		String id = (String) create("""
				{"nickname":"x","charge_by":"messages","caps":{"soft_quantity":2,"hard_quantity":3}}""").get("id");
		Map<String, Object> unused = JsonPath.read(rooms.done("GET", "/clients/" + id, this.token, null), "$.period");
		assertThat(unused).containsEntry("used_quantity", 0)
			.containsEntry("soft_cap_reached", false)
			.containsEntry("hard_cap_reached", false);

		rooms.database()
			.execute("""
					insert into usage_period (client_id, charge_by, period_start, agency_id, quantity, version)
					select '%1$s', each, date_trunc('month', now(), 'UTC'), '%2$s', quantity, 1
					from (values ('messages', 2500), ('tokens', 9000000)) as used (each, quantity)""".formatted(id,
					this.agency.get("id")));

		Map<String, Object> used = JsonPath.read(rooms.done("GET", "/clients", this.token, null), "$.data[0].period");
		assertThat(used).containsEntry("used_quantity", 2.5)
			.containsEntry("soft_cap_reached", true)
			.containsEntry("hard_cap_reached", false);
		assertThat(java.time.Instant.parse((String) used.get("start"))).isBefore(java.time.Instant.now());
		assertThat(java.time.Instant.parse((String) used.get("end"))).isAfter(java.time.Instant.now());
	}

	@Test
	void withoutStripeFieldsBillingEndsAndWithThemItBegins() {
		String id = (String) create(billed("price_1")).get("id");

		assertThat(rooms.done("PATCH", "/clients/" + id, this.token,
				"{\"stripe_customer_id\":null,\"stripe_price_id\":null}"))
			.containsEntry("billing", "off")
			.containsEntry("epoch", 2);
		assertThat(rooms.done("PATCH", "/clients/" + id, this.token,
				"{\"stripe_customer_id\":\"" + this.customer + "\",\"stripe_price_id\":\"price_1\"}"))
			.containsEntry("billing", "on")
			.containsEntry("epoch", 3);
	}

	@Test
	void aClientIsPausedAndResumed() {
		String id = (String) create("{\"nickname\":\"x\"}").get("id");

		assertThat(rooms.done("POST", "/clients/" + id + "/pause", this.token, null)).containsEntry("status", "paused");
		assertThat(rooms.done("POST", "/clients/" + id + "/resume", this.token, null)).containsEntry("status",
				"active");
	}

	@Test
	void anArchivedClientIsOverAndItsCustomerFree() {
		String id = (String) create(billed("price_1")).get("id");

		assertThat(rooms.done("DELETE", "/clients/" + id, this.token, null)).containsEntry("status", "archived")
			.containsEntry("channels", List.of());
		assertThat(rooms.count("""
				select count(*) from epoch e join channel_key k using (agency_id)
				where e.superseded_at is not null and k.revoked_at is not null and e.client_id = '""" + id + "'"))
			.isEqualTo(1);
		rooms.call("POST", "/clients/" + id + "/resume", this.token, null).expectStatus().isEqualTo(409);
		assertThat(JsonPath.<List<?>>read(rooms.done("GET", "/clients", this.token, null), "$.data")).isEmpty();
		assertThat(create(billed("price_1"))).containsEntry("billing", "on");
	}

	@Test
	void theNamesOfAnArchivedClientCanBeErasedAndNothingElseChanged() {
		Map<String, Object> client = create("{\"nickname\":\"Jane Doe\",\"channel_name\":\"Jane's phone\"}");
		String path = "/clients/" + client.get("id");
		rooms.done("DELETE", path, this.token, null);

		for (String patch : List.of("{}", "{\"nickname\":\"x\",\"billing_unit\":5}", "{\"models_allowed\":[\"x\"]}")) {
			rooms.call("PATCH", path, this.token, patch)
				.expectStatus()
				.isEqualTo(409)
				.expectBody()
				.jsonPath("$.code")
				.isEqualTo("client_archived");
		}
		rooms.call("PATCH", path, this.token, "{\"nickname\":null}").expectStatus().isEqualTo(422);
		Map<String, Object> erased = rooms.done("PATCH", path, this.token, "{\"nickname\":\"erased\"}");
		String channel = JsonPath.read(client, "$.channels[0].id");
		Map<String, Object> renamed = rooms.done("PATCH", "/channels/" + channel, this.token, "{\"name\":\"erased\"}");

		assertThat(erased).containsEntry("nickname", "erased")
			.containsEntry("status", "archived")
			.containsEntry("epoch", 1);
		assertThat(renamed).containsEntry("name", "erased").containsEntry("client_id", null);
		assertThat(rooms.count("select (select count(*) from client where nickname like '%Jane%')"
				+ " + (select count(*) from channel where name like '%Jane%')"))
			.isZero();
	}

	@Test
	void aChannelIsGivenAnotherNameAndKeepsItsKeys() {
		Map<String, Object> client = create("{\"nickname\":\"x\"}");
		String path = "/channels/" + JsonPath.read(client, "$.channels[0].id");

		Map<String, Object> renamed = rooms.done("PATCH", path, this.token, "{\"name\":\"Website\"}");

		assertThat(renamed).containsEntry("name", "Website").containsEntry("client_id", client.get("id"));
		assertThat(JsonPath.<String>read(renamed, "$.keys[0].id"))
			.isEqualTo(JsonPath.<String>read(client, "$.channels[0].keys[0].id"));
		rooms.call("PATCH", path, this.token, "{}").expectStatus().isEqualTo(422);
		rooms.call("PATCH", path, this.token, "{\"name\":\" \"}").expectStatus().isEqualTo(422);
	}

	@Test
	void aStrangersIdsAreNotThere() {
		String id = (String) create("{\"nickname\":\"x\"}").get("id");
		Map<String, Object> channel = rooms.done("POST", "/channels", this.token, "{\"name\":\"c\"}");
		Map<String, Object> key = rooms.done("POST", "/channels/" + channel.get("id") + "/keys", this.token, null);
		String stranger = (String) rooms.agency().get("admin_token");
		long before = rows();

		for (String[] call : new String[][] { { "GET", "/clients/" + id, null },
				{ "PATCH", "/clients/" + id, "{\"nickname\":\"mine\"}" }, { "DELETE", "/clients/" + id, null },
				{ "POST", "/clients/" + id + "/pause", null },
				{ "POST", "/clients/" + id + "/channels", "{\"name\":\"x\"}" },
				{ "POST", "/channels/" + channel.get("id") + "/keys", null },
				{ "PATCH", "/channels/" + channel.get("id"), "{\"name\":\"mine\"}" },
				{ "DELETE", "/keys/" + key.get("id"), null },
				{ "POST", "/clients", "{\"nickname\":\"x\",\"channel_id\":\"" + channel.get("id") + "\"}" },
				{ "GET", "/clients/cli_" + "0".repeat(Ids.BODY_LENGTH), null }, { "GET", "/clients/%00", null } }) {
			rooms.call(call[0], call[1], stranger, call[2]).expectStatus().isNotFound();
		}

		assertThat(rows()).isEqualTo(before);
		assertThat(JsonPath.<List<?>>read(rooms.done("GET", "/clients", stranger, null), "$.data")).isEmpty();
		assertThat(JsonPath.<List<?>>read(rooms.done("GET", "/channels", stranger, null), "$.data")).isEmpty();
	}

	@Test
	void aChannelIsGivenToOneClientOnly() {
		String channel = (String) rooms.done("POST", "/channels", this.token, "{\"name\":\"c\"}").get("id");
		Map<String, Object> client = create("{\"nickname\":\"x\",\"channel_id\":\"" + channel + "\"}");

		assertThat(JsonPath.<String>read(client, "$.channels[0].id")).isEqualTo(channel);
		rooms.call("POST", "/clients", this.token, "{\"nickname\":\"y\",\"channel_id\":\"" + channel + "\"}")
			.expectStatus()
			.isEqualTo(409);
		Map<String, Object> second = rooms.done("POST", "/clients/" + client.get("id") + "/channels", this.token,
				"{\"name\":\"second\"}");
		assertThat(second).containsEntry("client_id", client.get("id"));
	}

	@Test
	void aChannelThatIsGivenToAClientComesWithTheKeysThatItHas() {
		String client = (String) create("{\"nickname\":\"x\"}").get("id");
		String channel = (String) rooms.done("POST", "/channels", this.token, "{\"name\":\"c\"}").get("id");
		Map<String, Object> key = rooms.done("POST", "/channels/" + channel + "/keys", this.token, null);

		Map<String, Object> given = rooms.done("POST", "/clients/" + client + "/channels", this.token,
				"{\"channel_id\":\"" + channel + "\"}");

		assertThat(given).containsEntry("id", channel).containsEntry("client_id", client).containsEntry("name", "c");
		assertThat(JsonPath.<List<String>>read(given, "$.keys[*].id")).containsExactly((String) key.get("id"));
		assertThat(given.toString()).doesNotContain("secret");
	}

	@ParameterizedTest
	@CsvSource({ "name, mine, invalid_request", "platform, gohighlevel, not_supported_yet",
			"ghl_location_id, l, not_supported_yet" })
	void whatAnExistingChannelCannotBeGivenIsRefused(String field, String value, String code) {
		String client = (String) create("{\"nickname\":\"x\"}").get("id");
		String channel = (String) rooms.done("POST", "/channels", this.token, "{\"name\":\"c\"}").get("id");

		rooms
			.call("POST", "/clients/" + client + "/channels", this.token,
					"{\"channel_id\":\"" + channel + "\",\"" + field + "\":\"" + value + "\"}")
			.expectStatus()
			.isEqualTo(422)
			.expectBody()
			.jsonPath("$.code")
			.isEqualTo(code)
			.jsonPath("$.errors[0].pointer")
			.isEqualTo("/" + field);
		assertThat(rooms.count("select count(*) from channel where id = '" + channel + "' and client_id is null"))
			.isEqualTo(1);
	}

	@Test
	void twoKeysOfAChannelLiveAtOnceAndAThirdAfterARevocation() {
		Map<String, Object> client = create("{\"nickname\":\"x\"}");
		String channel = JsonPath.read(client, "$.channels[0].id");
		String first = JsonPath.read(client, "$.channels[0].keys[0].id");
		String keys = "/channels/" + channel + "/keys";
		rooms.done("POST", keys, this.token, "{\"name\":\"next\"}");

		rooms.call("POST", keys, this.token, "{}").expectStatus().isEqualTo(409);
		assertThat(rooms.done("DELETE", "/keys/" + first, this.token, null).get("revoked_at")).isNotNull();

		assertThat(rooms.done("POST", keys, this.token, "{\"expires_at\":\"2099-01-01T00:00:00Z\"}"))
			.containsEntry("expires_at", "2099-01-01T00:00:00Z");
		rooms.call("POST", keys, this.token, "{\"expires_at\":\"2001-01-01T00:00:00Z\"}").expectStatus().isEqualTo(422);
	}

	@Test
	void clientsAreListedInPagesNewestFirst() {
		String first = (String) create("{\"nickname\":\"1\"}").get("id");
		String second = (String) create("{\"nickname\":\"2\"}").get("id");
		String third = (String) create("{\"nickname\":\"3\"}").get("id");

		assertThat(ids("?limit=2")).containsExactly(third, second);
		assertThat(ids("?limit=2&starting_after=" + second)).containsExactly(first);
		assertThat(ids("?limit=1&ending_before=" + first)).containsExactly(second);
		rooms.call("GET", "/clients?limit=0", this.token, null).expectStatus().isEqualTo(422);
		rooms.call("GET", "/clients?limit=ten", this.token, null).expectStatus().isEqualTo(422);
	}

	@Test
	void clientsAreListedByStatusAndAStatusThatIsNoneIsRefused() {
		String id = (String) create("{\"nickname\":\"1\"}").get("id");
		String paused = (String) create("{\"nickname\":\"2\"}").get("id");
		rooms.done("POST", "/clients/" + paused + "/pause", this.token, null);

		assertThat(ids("?status=active")).containsExactly(id);
		assertThat(ids("?status=paused")).containsExactly(paused);
		assertThat(ids("?status=archived")).isEmpty();
		for (String status : List.of("bogus", "any", "ACTIVE", "")) {
			rooms.call("GET", "/clients?status=" + status, this.token, null)
				.expectStatus()
				.isEqualTo(422)
				.expectBody()
				.jsonPath("$.errors[0].pointer")
				.isEqualTo("/status")
				.jsonPath("$.errors[0].message")
				.isEqualTo("status must be active, paused or archived but was '" + status + "'");
		}
	}

	@Test
	void ofTwoChangesAtOnceOneIsRefusedOrBothAreCounted() {
		String id = (String) create("{\"nickname\":\"x\"}").get("id");

		List<Integer> statuses = List.of(100, 200, 300, 400)
			.parallelStream()
			.map((unit) -> rooms.call("PATCH", "/clients/" + id, this.token, "{\"billing_unit\":" + unit + "}")
				.returnResult(Void.class)
				.getStatus()
				.value())
			.toList();

		long changed = statuses.stream().filter((status) -> status == 200).count();
		assertThat(statuses).allMatch((status) -> status == 200 || status == 409);
		assertThat(rooms.count("select epoch from client where id = '" + new ClientId(id) + "'"))
			.isEqualTo(1 + changed);
		assertThat(rooms.count("select count(*) from epoch where superseded_at is null and client_id = '" + id + "'"))
			.isEqualTo(1);
	}

	private Map<String, Object> create(String body) {
		return rooms.done("POST", "/clients", this.token, body);
	}

	private List<String> ids(String query) {
		return JsonPath.read(rooms.done("GET", "/clients" + query, this.token, null), "$.data[*].id");
	}

	private String billed(String price) {
		return "{\"nickname\":\"Billed\",\"stripe_customer_id\":\"" + this.customer + "\",\"stripe_price_id\":\""
				+ price + "\",\"charge_by\":\"tokens\",\"billing_unit\":500,\"report\":\"units\"}";
	}

	/** Everything that a client is made of. */
	private static long rows() {
		return rooms.count("""
				select (select count(*) from client) + (select count(*) from epoch) + (select count(*) from account)
				  + (select count(*) from lane) + (select count(*) from channel) + (select count(*) from channel_key)
				  + (select count(*) from directory_change)
				""");
	}

}
