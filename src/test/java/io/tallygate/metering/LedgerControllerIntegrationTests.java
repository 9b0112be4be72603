package io.tallygate.metering;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;

import io.tallygate.client.UsagePeriod;
import io.tallygate.core.Caller;
import io.tallygate.core.RequestId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.core.MethodParameter;
import org.springframework.http.MediaType;
import org.springframework.http.codec.json.JacksonJsonEncoder;
import org.springframework.test.web.reactive.server.WebTestClient;
import org.springframework.web.reactive.BindingContext;
import org.springframework.web.reactive.result.method.HandlerMethodArgumentResolver;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

import static io.tallygate.metering.LedgerFixture.AGENCY;
import static io.tallygate.metering.LedgerFixture.CLIENT;
import static org.assertj.core.api.Assertions.assertThat;

/** The ledger and a client's use, as they come over the wire. */
class LedgerControllerIntegrationTests {

	private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-21T12:00:00Z"), ZoneOffset.UTC);

	private final LedgerFixture ledger = new LedgerFixture();

	private UsagePeriod period = UsagePeriod.monthOf(CLOCK.instant());

	private final WebTestClient web = WebTestClient
		.bindToController(
				new LedgerController(new LedgerReads(this.ledger.database().tenant()),
						new MeterEventTrail(this.ledger.database().tenant()), CLOCK),
				new UsageController(new UsageReads(this.ledger.database().tenant(), CLOCK),
						(agency, client) -> Mono.just(this.period), CLOCK))
		.argumentResolvers((resolvers) -> resolvers.addCustomResolver(new TheCaller()))
		.httpMessageCodecs((codecs) -> codecs.defaultCodecs()
			.jacksonJsonEncoder(new JacksonJsonEncoder(
					JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build())))
		.build();

	@Test
	void aRequestIsOneObjectWithItsMeterEvents() {
		RequestId request = this.ledger.exchange("2026-11-21T10:00:00Z", 1, 1_500);
		this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");

		this.web.get()
			.uri("/admin/v1/ledger/" + request)
			.exchange()
			.expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.request_id")
			.isEqualTo(request.value())
			.jsonPath("$.usage.total_tokens")
			.isEqualTo(1_500)
			.jsonPath("$.usage.reasoning_tokens")
			.isEmpty()
			.jsonPath("$.quantity")
			.isEqualTo(1_500)
			.jsonPath("$.total_after")
			.isEqualTo(1_500)
			.jsonPath("$.occurred_at")
			.isEqualTo("2026-11-21T10:00:00Z")
			.jsonPath("$.meter_events[0].bucket_from")
			.doesNotExist()
			.jsonPath("$.meter_events[0].to_unit")
			.isEqualTo(1);
	}

	@Test
	void aListIsInTheShapeOfStripes() {
		this.ledger.exchange("2026-11-21T10:00:00Z", 1, 10);
		this.ledger.exchange("2026-11-21T10:00:00Z", 2, 10);

		this.web.get()
			.uri("/admin/v1/ledger?limit=1&client=" + CLIENT)
			.exchange()
			.expectBody()
			.jsonPath("$.object")
			.isEqualTo("list")
			.jsonPath("$.data.length()")
			.isEqualTo(1)
			.jsonPath("$.has_more")
			.isEqualTo(true);
	}

	@Test
	void whoeverAsksForCsvGetsATable() {
		RequestId request = this.ledger.exchange("2026-11-21T10:00:00Z", 1, 10);

		this.web.get()
			.uri("/admin/v1/ledger")
			.accept(MediaType.valueOf("text/csv"))
			.exchange()
			.expectHeader()
			.contentType("text/csv;charset=UTF-8")
			.expectHeader()
			.valueEquals("Content-Disposition", "attachment; filename=\"ledger.csv\"")
			.expectBody(String.class)
			.value((table) -> assertThat(table).startsWith(LedgerCsv.HEADER)
				.contains("," + request + ",")
				.hasLineCount(2));
	}

	@Test
	void anEmptyTableHasItsHeader() {
		this.web.get()
			.uri("/admin/v1/ledger")
			.accept(MediaType.valueOf("text/csv"))
			.exchange()
			.expectBody(String.class)
			.isEqualTo(LedgerCsv.HEADER);
	}

	@Test
	void aClientsUseIsTotalProgressAndBuckets() {
		this.ledger.exchange("2026-11-21T10:00:00Z", 1, 1_500);
		this.ledger.account(0);

		this.web.get()
			.uri("/admin/v1/clients/" + CLIENT + "/usage?bucket=hour&group_by=model")
			.exchange()
			.expectBody()
			.jsonPath("$.total.total_tokens")
			.isEqualTo(1_500)
			.jsonPath("$.total.orphaned_requests")
			.isEqualTo(0)
			.jsonPath("$.progress.quantity_in_unit")
			.isEqualTo(500)
			.jsonPath("$.progress.units_crossed")
			.isEqualTo(1)
			.jsonPath("$.buckets[0].start")
			.isEqualTo("2026-11-21T10:00:00Z")
			.jsonPath("$.buckets[0].group")
			.isEqualTo("gpt-4o")
			.jsonPath("$.buckets[0].units")
			.isEqualTo(1);
	}

	@ParameterizedTest
	@CsvSource({ "'', 2026-11-20T08:30:00Z, 2026-12-20T08:30:00Z, 30",
			"?from=2026-11-01, 2026-11-01T00:00:00Z, 2026-12-01T00:00:00Z, 37",
			"?to=2026-11-20T08:30:00Z, 2026-11-01T00:00:00Z, 2026-11-20T08:30:00Z, 7" })
	void aClientsUseIsThatOfItsCurrentPeriodUnlessATimeIsGiven(String query, String from, String to, int tokens) {
		this.period = new UsagePeriod(Instant.parse("2026-11-20T08:30:00Z"), Instant.parse("2026-12-20T08:30:00Z"));
		this.ledger.exchange("2026-11-20T08:29:59Z", 1, 7);
		this.ledger.exchange("2026-11-20T08:30:00Z", 2, 30);

		this.web.get()
			.uri("/admin/v1/clients/" + CLIENT + "/usage" + query)
			.exchange()
			.expectBody()
			.jsonPath("$.from")
			.isEqualTo(from)
			.jsonPath("$.to")
			.isEqualTo(to)
			.jsonPath("$.total.total_tokens")
			.isEqualTo(tokens);
	}

	/** Proves nobody: the bearer is the first agency's. */
	private static final class TheCaller implements HandlerMethodArgumentResolver {

		@Override
		public boolean supportsParameter(MethodParameter parameter) {
			return parameter.getParameterType() == Caller.OfAgency.class;
		}

		@Override
		public Mono<Object> resolveArgument(MethodParameter parameter, BindingContext context,
				ServerWebExchange exchange) {
			return Mono.just(new Caller.OfAgency(AGENCY, Caller.Role.SUPPORT));
		}

	}

}
