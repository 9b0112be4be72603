package io.tallygate.stripe;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.agency.StripeConnection.MeterEventWay;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Secret;
import io.tallygate.stripe.StripeProblem.Kind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * What this room relies on from a Stripe, whoever stands for it. Everything goes through
 * the real library.
 */
abstract class StripeContract {

	static final Duration PATIENCE = Duration.ofSeconds(10);

	/** The agency's own key. */
	static final AgencyId AGENCY = new AgencyId("agy_" + "0".repeat(Ids.BODY_LENGTH));

	/** A restricted key to the same account, which may read customers only. */
	static final AgencyId RESTRICTED = new AgencyId("agy_" + "1".repeat(Ids.BODY_LENGTH));

	/** A key that nobody has made. */
	static final AgencyId STRANGER = new AgencyId("agy_" + "2".repeat(Ids.BODY_LENGTH));

	/** The same as the agency, by the stream. */
	static final AgencyId STREAMING = new AgencyId("agy_" + "3".repeat(Ids.BODY_LENGTH));

	private int writes;

	private StripeCalls calls;

	private StripeSetup setUp;

	private StripePayments payments;

	private StripeCatalogue catalogue;

	/** Where it listens. */
	abstract String apiBase();

	/** The keys of the three agencies. */
	abstract Map<AgencyId, String> keys();

	@BeforeEach
	void connect() {
		StripeProperties properties = new StripeProperties(apiBase(), null, Duration.ofSeconds(2),
				Duration.ofSeconds(5), Duration.ofSeconds(5), 4, 4, 20, 100);
		this.calls = new StripeCalls(properties, this::connection, Clock.systemUTC(), new SimpleMeterRegistry());
		this.setUp = new StripeSetup(this.calls);
		this.payments = new StripePayments(this.calls);
		this.catalogue = new StripeCatalogue(this.calls);
	}

	@AfterEach
	void disconnect() {
		this.calls.close();
	}

	@Test
	void aMeterAddsUpWhatItIsToldWhereWeWriteIt() {
		StripeMeter meter = meter();

		assertThat(meter.id()).startsWith("mtr_");
		assertThat(meter.displayName()).isEqualTo("Alpaca AI tokens");
		assertThat(meter.eventName()).isEqualTo("alpaca_ai_tokens");
		assertThat(meter.formula()).isEqualTo("sum");
		assertThat(meter.active()).isTrue();
		assertThat(meter.eventTimeWindow()).isNull();
		assertThat(meter.takesOurEvents()).isTrue();
		assertThat(this.catalogue.meter(AGENCY, meter.id()).block(PATIENCE)).isEqualTo(meter);
		assertThat(this.setUp.meterOf(AGENCY, "alpaca_ai_tokens").block(PATIENCE)).isEqualTo(meter);
		assertThat(this.setUp.meterOf(AGENCY, "other").blockOptional(PATIENCE)).isEmpty();
	}

	@Test
	void aMeterIsSwitchedOffAndOn() {
		String id = meter().id();

		assertThat(this.setUp.switchMeter(AGENCY, write(), id, false).block(PATIENCE).active()).isFalse();
		assertThat(this.setUp.switchMeter(AGENCY, write(), id, true).block(PATIENCE).active()).isTrue();
	}

	@Test
	void aPackagePriceSaysWhatItDividesBy() {
		StripePrice price = price();

		assertThat(price.id()).startsWith("price_");
		assertThat(price.active()).isTrue();
		assertThat(price.isMetered()).isTrue();
		assertThat(price.productName()).isEqualTo("Alpaca AI");
		assertThat(price.currency()).isEqualTo("usd");
		assertThat(price.unitAmountDecimal()).isEqualByComparingTo("4");
		assertThat(price.packageSize()).isEqualTo(1_000);
		assertThat(price.round()).isEqualTo("up");
		assertThat(price.interval()).isEqualTo("month");
		assertThat(price.taxBehavior()).isEqualTo("exclusive");
		assertThat(price.cost(2_500)).isEqualByComparingTo("12");
		assertThat(this.catalogue.price(AGENCY, price.id()).block(PATIENCE)).isEqualTo(price);
	}

	@Test
	void aProductIsListed() {
		StripeProduct product = this.setUp.createProduct(AGENCY, write(), "Alpaca AI", "AI by use").block(PATIENCE);

		assertThat(product.id()).startsWith("prod_");
		assertThat(product.description()).isEqualTo("AI by use");
		assertThat(this.catalogue.products(AGENCY, PageRequest.of(1, null, null)).block(PATIENCE).data())
			.containsExactly(product);
	}

	@Test
	void aCustomerIsFoundByIdEmailAndName() {
		StripeCustomer customer = customer();

		assertThat(customer.id()).startsWith("cus_");
		assertThat(customer.currency()).isNull();
		assertThat(customer.deleted()).isFalse();
		for (String query : new String[] { customer.id(), "billing@acme.example", "dental" }) {
			assertThat(this.catalogue.customers(AGENCY, query, PageRequest.of(null, null, null)).block(PATIENCE).data())
				.containsExactly(customer);
		}
	}

	@Test
	void aSubscriptionHasPeriodsAndAsksForACard() {
		String customer = customer().id();
		StripePrice price = price();
		Instant anchor = Instant.now().truncatedTo(ChronoUnit.MINUTES).plus(Duration.ofDays(28));

		StripeSubscription subscription = this.setUp
			.createSubscription(AGENCY, write(), customer, price.id(), anchor, false)
			.block(PATIENCE);

		assertThat(subscription.status()).isEqualTo("active");
		assertThat(subscription.bills(price.id())).isTrue();
		assertThat(subscription.items()).singleElement().satisfies((item) -> {
			assertThat(item.meterId()).isEqualTo(price.meterId());
			assertThat(item.periodStart()).isBefore(item.periodEnd());
			assertThat(item.periodEnd().getEpochSecond() % 60).isZero();
		});
		assertThat(subscription.pendingSetupIntent().clientSecret()).contains("_secret_");
		assertThat(this.catalogue.subscriptions(AGENCY, customer).block(PATIENCE)).singleElement()
			.satisfies((listed) -> assertThat(listed.bills(price.id())).isTrue());
	}

	@Test
	void aCustomerSubscribesOnAPage() {
		StripePage page = this.payments
			.createCheckout(AGENCY, write(), customer().id(), price().id(), "https://agency.example/done",
					"https://agency.example/back")
			.block(PATIENCE);

		assertThat(page.id()).startsWith("cs_");
		assertThat(page.url()).startsWith("http").contains(page.id());
		assertThat(page.status()).isEqualTo("open");
		assertThat(page.expiresAt()).isNotNull();
	}

	@Test
	void aCardIsAskedForAndAPortalOpened() {
		String customer = customer().id();

		StripeSetupIntent intent = this.payments.createSetupIntent(AGENCY, write(), customer).block(PATIENCE);
		StripePage portal = this.payments.createPortalSession(AGENCY, write(), customer, "https://agency.example")
			.block(PATIENCE);

		assertThat(intent.status()).isEqualTo("requires_payment_method");
		assertThat(intent.clientSecret()).startsWith(intent.id());
		assertThat(portal.id()).startsWith("bps_");
		assertThat(portal.url()).startsWith("http");
	}

	@Test
	void aRepeatUnderTheSameKeyIsTheSameObjectAndAnotherRequestIsRefused() {
		StripeWrite write = write();
		NewCustomer acme = new NewCustomer("Acme Dental", "billing@acme.example", null);

		StripeCustomer first = this.setUp.createCustomer(AGENCY, write, acme).block(PATIENCE);

		assertThat(this.setUp.createCustomer(AGENCY, write, acme).block(PATIENCE)).isEqualTo(first);
		StripeProblem problem = problem(
				this.setUp.createCustomer(AGENCY, write, new NewCustomer("Bolt Fitness", null, null)));
		assertThat(problem.kind()).isEqualTo(Kind.REFUSED);
		assertThat(problem.code()).isEqualTo("idempotency_error");
	}

	/** Though our clock is ahead of Stripe's. */
	@Test
	void whatAnIntentMadeIsFoundByIt() {
		StripeWrite began = write();
		StripeWrite write = new StripeWrite(began.idempotencyKey(), began.intent(), Instant.now().plusSeconds(120));
		StripeWrite other = write();
		StripeCustomer customer = this.setUp
			.createCustomer(AGENCY, write, new NewCustomer("Acme Dental", "billing@acme.example", null))
			.block(PATIENCE);

		assertThat(this.setUp.findCustomer(AGENCY, known(write, customer.id())).block(PATIENCE)).isEqualTo(customer);
		assertThat(this.setUp.findCustomer(AGENCY, other).blockOptional(PATIENCE)).isEmpty();
	}

	/** Stubs know one intent only. */
	StripeWrite known(StripeWrite write, String id) {
		return write;
	}

	@Test
	void whatIsNotThereIsNamedByItsParameter() {
		StripeProblem inPath = problem(this.catalogue.price(AGENCY, "price_none"));
		StripeProblem inBody = problem(this.payments.createSetupIntent(AGENCY, write(), "cus_none"));

		assertThat(inPath.kind()).isEqualTo(Kind.NOT_FOUND);
		assertThat(inBody.kind()).isEqualTo(Kind.NOT_FOUND);
		assertThat(inBody.param()).isEqualTo("customer");
		assertThat(inBody.reason()).contains("No such customer");
	}

	@Test
	void aKeyThatLacksAPermissionIsToldWhich() {
		StripeProblem problem = problem(this.setUp.createProduct(RESTRICTED, write(), "Alpaca AI", null));

		assertThat(problem.kind()).isEqualTo(Kind.KEY_REFUSED);
		assertThat(problem.isPermission()).isTrue();
		assertThat(problem.reason()).contains("rak_product_write");
		assertThat(this.catalogue.customers(RESTRICTED, null, PageRequest.of(1, null, null)).blockOptional(PATIENCE))
			.isPresent();
	}

	@Test
	void aKeyThatIsNoneOpensNothing() {
		StripeProblem problem = problem(this.catalogue.products(STRANGER, PageRequest.of(1, null, null)));

		assertThat(problem.kind()).isEqualTo(Kind.KEY_REFUSED);
		assertThat(problem.isPermission()).isFalse();
		assertThat(problem.reason()).doesNotContain(keys().get(STRANGER));
	}

	@Test
	void anEventOverTheStreamIsTakenOnceHoweverOftenItIsSent() {
		meter();
		MeterEvent event = new MeterEvent("alpaca_ai_tokens", "tg_streamed", customer().id(), 7,
				Instant.now().truncatedTo(ChronoUnit.SECONDS), "tg_streamed:0");
		MeterEvents events = new StripeMeterEvents(this.calls, new MeterEventStream(this.calls, Clock.systemUTC()));

		assertThat(events.send(STREAMING, event).block(PATIENCE)).isEqualTo(new MeterEventAnswer.Accepted());
		assertThat(events.send(STREAMING, event).block(PATIENCE)).isEqualTo(new MeterEventAnswer.Accepted());

		assertThat(accepted("tg_streamed")).isEqualTo(1);
	}

	@Test
	void aKeyThatIsNoneOpensNoSession() {
		MeterEventStream stream = new MeterEventStream(this.calls, Clock.systemUTC());

		assertThat(problem(stream.tryOut(STRANGER)).kind()).isEqualTo(Kind.KEY_REFUSED);
		assertThat(problem(stream.tryOut(RESTRICTED)).isPermission()).isTrue();
	}

	/** How often an event of this identifier was taken, as far as that can be told. */
	abstract long accepted(String identifier);

	private StripeMeter meter() {
		return this.setUp.createMeter(AGENCY, write(), "Alpaca AI tokens", "alpaca_ai_tokens").block(PATIENCE);
	}

	private StripePrice price() {
		String meter = this.setUp.meterOf(AGENCY, "alpaca_ai_tokens")
			.blockOptional(PATIENCE)
			.orElseGet(this::meter)
			.id();
		return this.setUp
			.createPrice(AGENCY, write(),
					new NewPrice(null, "Alpaca AI", meter, "usd", BigDecimal.valueOf(4), 1_000, true, "month",
							"exclusive"))
			.block(PATIENCE);
	}

	private StripeCustomer customer() {
		return this.setUp.createCustomer(AGENCY, write(), new NewCustomer("Acme Dental", "billing@acme.example", null))
			.block(PATIENCE);
	}

	private StripeWrite write() {
		String name = getClass().getSimpleName() + "-" + Instant.now().toEpochMilli() + "-" + ++this.writes;
		return new StripeWrite(name, name, Instant.now().minusSeconds(60));
	}

	private static StripeProblem problem(Mono<?> refused) {
		return catchThrowableOfType(StripeProblem.class, () -> refused.block(PATIENCE));
	}

	private Mono<StripeConnection> connection(AgencyId agency) {
		boolean isStreaming = agency.equals(STREAMING);
		return Mono.justOrEmpty(Optional.ofNullable(keys().get(isStreaming ? AGENCY : agency))
			.map((key) -> new StripeConnection("acct_1", null, false, "usd", KeyKind.SECRET, Secret.of(key), null,
					java.util.List.of(), isStreaming ? MeterEventWay.V2_STREAM : MeterEventWay.V1)));
	}

}
