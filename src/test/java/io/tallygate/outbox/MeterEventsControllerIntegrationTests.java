package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;

import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Caller;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.MeterEventTrail;
import io.tallygate.metering.TestWitness;
import io.tallygate.stripe.MeterEvent;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Import;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpMethod;
import org.springframework.test.web.reactive.server.WebTestClient;
import org.springframework.web.reactive.BindingContext;
import org.springframework.web.reactive.config.EnableWebFlux;
import org.springframework.web.reactive.config.WebFluxConfigurer;
import org.springframework.web.reactive.result.method.HandlerMethodArgumentResolver;
import org.springframework.web.reactive.result.method.annotation.ArgumentResolverConfigurer;
import org.springframework.web.server.ServerWebExchange;

import static org.assertj.core.api.Assertions.assertThat;

/** The admin API of the outbox over the real PostgreSQL, under each role's own rights. */
class MeterEventsControllerIntegrationTests {

	private static final String EVENTS = "/admin/v1/meter_events";

	private static final Finding ACCEPTED = new Finding.Answered(new MeterEventAnswer.Accepted());

	private static final MeterEventAnswer.Refused NO_CUSTOMER = new MeterEventAnswer.Refused("resource_missing",
			"No such customer", MeterEventAnswer.Fault.CUSTOMER);

	private final OutboxDatabase database = new OutboxDatabase();

	private final AgencyId agency = Fixtures.agency(1);

	private Instant now = Fixtures.NOW;

	private final Ids ids = new Ids(() -> this.now, new Random(1));

	private final PostgresOutbox outbox = new PostgresOutbox(this.database.database().system(), TestWitness.alone(),
			this.ids, new Random(2));

	private final Summaries stripe = new Summaries();

	private final MeterEventDesk desk = new MeterEventDesk(this.database.database().system(), this.outbox, this.stripe,
			this.ids, () -> this.now);

	private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

	private WebTestClient web;

	@BeforeEach
	void start() {
		this.database.agency(this.agency);
		this.database.agency(Fixtures.agency(2));
		this.database.client(Fixtures.client(1), this.agency, 1, Report.UNITS);
		this.context.registerBean(Ids.class, () -> this.ids);
		this.context.registerBean(java.time.Clock.class, java.time.Clock::systemUTC);
		this.context.registerBean(Database.OfTenant.class, () -> this.database.database().tenant());
		this.context.registerBean(DeliverySwitch.class,
				() -> new DeliverySwitch(this.database.database().system(), () -> this.now));
		this.context.registerBean(MeterEventDesk.class, () -> this.desk);
		this.context.register(MeterEventReads.class, MeterEventTrail.class, MeterEventsController.class,
				DeliveryController.class, Web.class);
		this.context.refresh();
		this.web = WebTestClient.bindToApplicationContext(this.context)
			.configureClient()
			.responseTimeout(Duration.ofSeconds(20))
			.build();
	}

	@AfterEach
	void stop() {
		this.context.close();
	}

	@Test
	void aMeterEventIsShownAsTheContractSays() {
		MeterEventRow row = deliver(cut());

		call(HttpMethod.GET, EVENTS + "/" + row.id()).expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.id")
			.isEqualTo(row.id().value())
			.jsonPath("$.identifier")
			.isEqualTo(row.identifier())
			.jsonPath("$.client_id")
			.isEqualTo(Fixtures.client(1).value())
			.jsonPath("$.stripe_customer_id")
			.isEqualTo("cus_1")
			.jsonPath("$.event_name")
			.isEqualTo("units")
			.jsonPath("$.value")
			.isEqualTo(3)
			.jsonPath("$.from_unit")
			.isEqualTo(0)
			.jsonPath("$.to_unit")
			.isEqualTo(3)
			.jsonPath("$.occurred_at")
			.isEqualTo("2026-03-10T12:29:00Z")
			.jsonPath("$.state")
			.isEqualTo("delivered")
			.jsonPath("$.attempts")
			.isEqualTo(1)
			.jsonPath("$.delivered_at")
			.isEqualTo("2026-03-10T12:30:00Z")
			.jsonPath("$.requests")
			.isArray();
	}

	@Test
	void theListIsNewestFirstAndFiltered() {
		MeterEventRow first = deliver(cut());
		this.now = this.now.plusSeconds(1);
		MeterEventRow second = cut();

		call(HttpMethod.GET, EVENTS + "?limit=1").expectBody()
			.jsonPath("$.data[0].id")
			.isEqualTo(second.id().value())
			.jsonPath("$.has_more")
			.isEqualTo(true);
		call(HttpMethod.GET, EVENTS + "?state=delivered&client=" + Fixtures.client(1)).expectBody()
			.jsonPath("$.data[0].id")
			.isEqualTo(first.id().value())
			.jsonPath("$.data.length()")
			.isEqualTo(1);
		call(HttpMethod.GET, EVENTS + "?state=lost").expectStatus().isEqualTo(422);
	}

	@Test
	void anotherAgencysMeterEventDoesNotExist() {
		MeterEventRow row = park(cut(), NO_CUSTOMER);

		for (String path : new String[] { "/retry", "/discard" }) {
			call(HttpMethod.POST, EVENTS + "/" + row.id() + path, Fixtures.agency(2)).expectStatus().isNotFound();
		}
		call(HttpMethod.GET, EVENTS + "/" + row.id(), Fixtures.agency(2)).expectStatus().isNotFound();
		call(HttpMethod.GET, EVENTS + "/nonsense").expectStatus().isNotFound();
		call(HttpMethod.GET, EVENTS + "?client=" + Fixtures.client(1), Fixtures.agency(2)).expectStatus().isNotFound();
		call(HttpMethod.GET, EVENTS + "?client=" + Fixtures.client(2)).expectStatus().isNotFound();
		call(HttpMethod.GET, EVENTS + "?client=nonsense").expectStatus().isNotFound();
		assertThat(stored(row)).isEqualTo("parked");
	}

	@Test
	void aRetryOfWhatStripeNeverHadSendsTheSameRow() {
		MeterEventRow row = park(cut(), NO_CUSTOMER);

		call(HttpMethod.POST, EVENTS + "/" + row.id() + "/retry").expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.state")
			.isEqualTo("due")
			.jsonPath("$.identifier")
			.isEqualTo(row.identifier());

		assertThat(this.outbox.claim(new Delivery.Hold("ins_1", this.now.plusSeconds(60)), 1, 1, this.now)
			.blockFirst()
			.event()
			.idempotencyKey()).isEqualTo(row.identifier() + ":1");
	}

	@Test
	@Matrix(52)
	void whatStripeRefusedLaterGetsASuccessorOnceTheSummariesLackIt() {
		MeterEventRow row = deliver(cut());
		this.desk.refusedLater(this.agency, row.identifier(), NO_CUSTOMER).block();
		String retry = EVENTS + "/" + row.id() + "/retry";

		assertProblem(retry, "too_soon");
		this.now = this.now.plus(NextState.READINGS_APART);
		this.stripe.aggregated = BigDecimal.valueOf(3);
		assertProblem(retry, "still_at_stripe");
		this.stripe.aggregated = BigDecimal.ZERO;

		call(HttpMethod.POST, retry).expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.identifier")
			.isEqualTo(MeterEventRow.identifier(row.client(), 1, 0, 3, 1))
			.jsonPath("$.replaces")
			.isEqualTo(row.id().value())
			.jsonPath("$.value")
			.isEqualTo(3);
		assertThat(stored(row)).isEqualTo("replaced");
		assertProblem(retry, "not_parked");
	}

	@Test
	void aDiscardedRowStaysParkedAndLetsItsLaneGoOn() {
		MeterEventRow row = park(cut(), NO_CUSTOMER);

		call(HttpMethod.POST, EVENTS + "/" + row.id() + "/discard").expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.state")
			.isEqualTo("parked")
			.jsonPath("$.reason")
			.isEqualTo("discarded")
			.jsonPath("$.stops_lane")
			.isEqualTo(false);

		assertProblem(EVENTS + "/" + row.id() + "/retry", "discarded");
		assertThat(cut().fromUnit()).isEqualTo(3);
	}

	@Test
	void aRetryWaitsForWhatIsUnderWayInTheLane() {
		MeterEventRow row = park(cut(),
				new MeterEventAnswer.Refused("meter_event_invalid_value", "?", MeterEventAnswer.Fault.VALUE));
		cut();

		assertProblem(EVENTS + "/" + row.id() + "/retry", "lane_busy");
	}

	@ParameterizedTest
	@ValueSource(strings = { "/retry", "/discard" })
	void whatIsNotParkedIsLeftToItsDelivery(String action) {
		assertProblem(EVENTS + "/" + cut().id() + action, "not_parked");
	}

	@Test
	void aRefusalOfWhatIsNotDeliveredChangesNothing() {
		MeterEventRow row = cut();

		this.desk.refusedLater(this.agency, row.identifier(), NO_CUSTOMER).block();
		this.desk.refusedLater(Fixtures.agency(2), row.identifier(), NO_CUSTOMER).block();

		assertThat(stored(row)).isEqualTo("due");
	}

	@Test
	void deliveryIsPausedAndResumed() {
		cut();
		this.database.cross(Fixtures.client(1), 2, this.now);

		call(HttpMethod.GET, "/admin/v1/delivery").expectBody().json("""
				{"state": "running", "paused_by": null, "reason": null, "due": 1, "sending": 0, "parked": 0,
				"oldest_due_at": "2026-03-10T12:30:00Z", "units_waiting": 2}""");
		call(HttpMethod.POST, "/admin/v1/delivery/pause").expectBody().json("""
				{"state": "paused", "paused_by": "operator"}""");
		assertThat(this.outbox.claim(new Delivery.Hold("ins_1", this.now), 1, 1, this.now).collectList().block())
			.isEmpty();
		call(HttpMethod.POST, "/admin/v1/delivery/resume").expectBody().json("""
				{"state": "running", "paused_by": null}""");
	}

	@Test
	void withoutAConnectionThereIsNothingToPause() {
		this.database.execute("delete from stripe_connection");

		assertProblem("/admin/v1/delivery/pause", "stripe_not_connected");
		call(HttpMethod.GET, "/admin/v1/delivery").expectBody().jsonPath("$.state").isEqualTo("paused");
	}

	private MeterEventRow cut() {
		this.database.cross(Fixtures.client(1), 3, this.now.minusSeconds(60));
		return this.outbox.cut(1, this.now).block(Duration.ofSeconds(10));
	}

	private MeterEventRow deliver(MeterEventRow row) {
		return settle(row, ACCEPTED);
	}

	private MeterEventRow park(MeterEventRow row, MeterEventAnswer.Refused refused) {
		return settle(row, new Finding.Answered(refused));
	}

	private MeterEventRow settle(MeterEventRow row, Finding finding) {
		MeterEventRow claimed = this.outbox.claim(new Delivery.Hold("ins_1", this.now.plusSeconds(60)), 1, 1, this.now)
			.blockFirst(Duration.ofSeconds(10));
		assertThat(claimed.id()).isEqualTo(row.id());
		return this.outbox.settle(claimed, finding, this.now).block(Duration.ofSeconds(10));
	}

	private String stored(MeterEventRow row) {
		return this.database.database()
			.system()
			.client()
			.sql("select state from meter_event where id = :id")
			.bind("id", row.id().value())
			.mapValue(String.class)
			.one()
			.block();
	}

	private void assertProblem(String path, String code) {
		call(HttpMethod.POST, path).expectStatus().isEqualTo(409).expectBody().jsonPath("$.code").isEqualTo(code);
	}

	private WebTestClient.ResponseSpec call(HttpMethod method, String path) {
		return call(method, path, this.agency);
	}

	private WebTestClient.ResponseSpec call(HttpMethod method, String path, AgencyId as) {
		return this.web.method(method).uri(path).header("x-agency", as.value()).exchange();
	}

	/** Stripe's summaries as they are told. */
	private static final class Summaries implements MeterEvents {

		private BigDecimal aggregated = BigDecimal.ZERO;

		@Override
		public Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
			return Mono.error(new IllegalStateException("Nothing is sent here"));
		}

		@Override
		public Mono<BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from, Instant to) {
			return Mono.fromSupplier(() -> this.aggregated);
		}

	}

	/**
	 * The web layer that controllers share, and a caller named by a header. No
	 * {@code Configuration}, or the whole application would find it.
	 */
	@EnableWebFlux
	@ComponentScan("io.tallygate.core")
	@Import(Web.Callers.class)
	static class Web {

		static class Callers implements WebFluxConfigurer, HandlerMethodArgumentResolver {

			@Override
			public void configureArgumentResolvers(ArgumentResolverConfigurer configurer) {
				configurer.addCustomResolver(this);
			}

			@Override
			public boolean supportsParameter(MethodParameter parameter) {
				return parameter.getParameterType() == Caller.OfAgency.class;
			}

			@Override
			public Mono<Object> resolveArgument(MethodParameter parameter, BindingContext context,
					ServerWebExchange exchange) {
				String agency = exchange.getRequest().getHeaders().getFirst("x-agency");
				return Mono.just(new Caller.OfAgency(new AgencyId(agency), Caller.Role.OWNER));
			}

		}

	}

}
