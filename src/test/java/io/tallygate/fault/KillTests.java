package io.tallygate.fault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.tallygate.core.Secret;
import io.tallygate.sandbox.provider.FakeProvider;
import io.tallygate.sandbox.provider.FakeProviderOptions;
import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;
import io.tallygate.sandbox.stripe.Fault;
import io.tallygate.support.Books;
import io.tallygate.support.FaultyGateway;
import io.tallygate.support.FaultyGateway.Place;
import io.tallygate.support.GatewayClient;
import io.tallygate.support.GatewayClient.Reply;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The gateway is killed where money stands between two stores, and started again by the
 * same command on the same data. The provider and Stripe, which nobody kills, are the
 * witnesses. One gateway dies all these deaths, so each test also finds the books of
 * those before it in order.
 */
class KillTests {

	private static final String PROVIDER_KEY = "sk-sandbox-models";

	private static final int STREAMS = 20;

	/** Units are of a thousand tokens: each such answer completes one. */
	private static final String LONG_ANSWER = "fake:t=1500,d=0";

	private static final String UNITS_CLIENT = "acme-dental";

	private static final List<String> CLIENTS = List.of(UNITS_CLIENT, "bolt-fitness", "chatty-ltd");

	private static final ExecutorService CALLERS = Executors.newFixedThreadPool(STREAMS);

	/** Requests whose answer a client saw to its end. */
	private static final Set<String> COMPLETE = new HashSet<>();

	@TempDir
	private static Path directory;

	private static FakeProvider provider;

	private static FakeStripe stripe;

	private static GatewayProcess gateway;

	private static Books books;

	@BeforeAll
	static void start() {
		provider = FakeProvider.start(FakeProviderOptions.of(Secret.of(PROVIDER_KEY)));
		stripe = FakeStripe.start(FakeStripeOptions.in(directory).withDemo());
		gateway = GatewayProcess.fresh()
			.by(FaultyGateway.class)
			.with("TALLYGATE_PROVIDER_HOSTS_PRIVATE", "true")
			.set(FaultyGateway.FILE, fault().toString())
			.set("tallygate.stripe.sandbox-api-base", "http://127.0.0.1:" + stripe.port())
			.set("tallygate.admin-request-lease", "2s")
			.set("tallygate.metering.lease", "2s")
			.set("tallygate.metering.sweep-interval", "500ms")
			.set("tallygate.outbox.scan-every", "500ms")
			.set("tallygate.outbox.call-timeout", "2s")
			.set("tallygate.outbox.lease", "3s");
		gateway.start();
		books = new Books(gateway, new GatewayClient(provider.port()), new GatewayClient(stripe.port()));
		String models = "/admin/v1/providers";
		String id = gateway.client().all(models, gateway.adminToken()).get(0).path("id").asString();
		gateway.client()
			.patch(models + "/" + id, gateway.adminToken(), "{\"base_url\":\"" + provider.baseUrl() + "\"}");
		Wait.until("answer of our provider", 10, () -> {
			gateway.client().chat(gateway.channelKey(UNITS_CLIENT), "fake-small");
			return !provider.transcript().answers().isEmpty();
		});
	}

	@AfterEach
	void disarm() throws IOException {
		Files.deleteIfExists(fault());
	}

	@AfterAll
	static void stop() {
		gateway.close();
		CALLERS.shutdownNow();
		stripe.close();
		provider.close();
	}

	@Test
	@Matrix(4)
	void streamsThatDieWithTheGatewayAreListedAndNotBilled() {
		List<String> before = books.requests("orphaned");
		List<CompletableFuture<Reply>> streams = callers(STREAMS,
				() -> gateway.client().stream(gateway.channelKey(UNITS_CLIENT), "fake:t=1000,d=50"));
		Wait.until("streams under way", 20,
				() -> gateway.management()
					.text("/actuator/prometheus", "")
					.contains("tallygate_relay_running " + STREAMS));
		Wait.pause(500);

		gateway.kill9();

		List<Reply> cut = streams.stream().map(CompletableFuture::join).toList();
		gateway.start();
		assertThat(cut).noneMatch(Reply::isWhole).allMatch((reply) -> reply.status() == 200);
		assertThat(gateway.output()).anyMatch((line) -> line.contains("PostgreSQL") && line.contains("left over"))
			.anyMatch((line) -> line.contains("Redis") && line.contains("left over"));
		Wait.until("orphans", 30, () -> books.requests("orphaned").size() >= before.size() + STREAMS);
		assertThat(books.requests("orphaned").stream().filter((request) -> !before.contains(request)))
			.containsExactlyInAnyOrderElementsOf(cut.stream().map(Reply::requestId).toList());
		settled();
	}

	@Test
	@Matrix({ 1, 5 })
	void whatStandsNowhereIsAnOrphanWhenItWasMarkedAndElseNothing() throws IOException {
		int before = books.requests("orphaned").size();
		CompletableFuture<Reply> ended = streaming();
		standsAt(Place.BEFORE_CLOSE, Place.BEFORE_LEDGER);
		CompletableFuture<Reply> unmarked = chatting(LONG_ANSWER);
		standsAt(Place.BEFORE_MARK, Place.BEFORE_LEDGER);

		gateway.kill9();

		disarm();
		gateway.start();
		assertThat(ended.join().isComplete()).isFalse();
		assertThat(unmarked.join().status()).isNotEqualTo(200);
		Wait.until("orphan", 30, () -> books.requests("orphaned").contains(ended.join().requestId()));
		settled();
		assertThat(books.requests("orphaned")).hasSize(before + 1);
	}

	@Test
	@Matrix({ 2, 3, 8 })
	void whatIsMarkedIsAnOrphanAndWhatIsCountedIsBilled() throws IOException {
		int before = books.requests("orphaned").size();
		List<CompletableFuture<Reply>> hanging = callers(2,
				() -> gateway.client().chat(gateway.channelKey(UNITS_CLIENT), "fake:hang"));
		CompletableFuture<Reply> counted = streaming();
		standsAt(Place.AFTER_CLOSE, Place.BEFORE_LEDGER);
		CompletableFuture<Reply> marked = chatting(LONG_ANSWER);
		standsAt(Place.AFTER_MARK, Place.BEFORE_LEDGER);

		gateway.kill9();

		disarm();
		gateway.start();
		assertThat(hanging).noneMatch((reply) -> reply.join().isComplete());
		assertThat(marked.join().isComplete()).isFalse();
		assertThat(counted.join().isWhole()).isFalse();
		books.holdOnce(List.of(counted.join().requestId()));
		Wait.until("orphans", 30, () -> books.requests("orphaned").size() == before + 3);
		settled();
		assertThat(books.ledger()).filteredOn((line) -> line.path("status").asString().equals("orphaned"))
			.allMatch((line) -> line.path("reserved").asLong() > 0 && line.path("quantity").asLong() == 0);
	}

	/** A stream of a second or so, of which a part has come. */
	private static CompletableFuture<Reply> streaming() {
		long before = provider.openStreams();
		CompletableFuture<Reply> stream = CompletableFuture
			.supplyAsync(() -> gateway.client().stream(gateway.channelKey(UNITS_CLIENT), "fake:t=20,d=50"), CALLERS);
		Wait.until("stream under way", 10, () -> provider.openStreams() > before);
		return stream;
	}

	private static CompletableFuture<Reply> chatting(String model) {
		return CompletableFuture.supplyAsync(() -> gateway.client().chat(gateway.channelKey(UNITS_CLIENT), model),
				CALLERS);
	}

	/** From now on the first of these, which is waited for, with the others. */
	private static void standsAt(Place place, Place... others) throws IOException {
		List<String> places = new ArrayList<>(List.of(place.name()));
		Stream.of(others).map(Place::name).forEach(places::add);
		Files.write(fault(), places);
		gateway.await("place", (line) -> line.equals(FaultyGateway.STANDS + place.name().toLowerCase(Locale.ROOT)), 30);
	}

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*(MARK|CLOSE)")
	@Matrix({ 6, 9, 10, 11, 12, 13, 14 })
	void nothingIsLostAndNothingCountedTwiceByADeath(Place place) throws IOException {
		Files.writeString(fault(), place.name());
		List<CompletableFuture<Reply>> calls = new ArrayList<>();
		for (String client : CLIENTS) {
			calls.addAll(callers(3, () -> gateway.client().chat(gateway.channelKey(client), LONG_ANSWER)));
			calls.addAll(callers(3, () -> gateway.client().stream(gateway.channelKey(client), LONG_ANSWER)));
		}
		List<Reply> seen = calls.stream().map(CompletableFuture::join).toList();
		gateway.await("place", (line) -> line.startsWith(FaultyGateway.STANDS), 30);

		gateway.kill9();

		disarm();
		assertThat(seen).allMatch(Reply::isComplete);
		seen.forEach((reply) -> COMPLETE.add(reply.requestId()));
		gateway.start();
		settled();
	}

	/**
	 * Stripe has made what a new client lacks, and the gateway dies before it hears of
	 * it.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "/v1/customers", "/v1/subscriptions" })
	void whatStripeMadeForAClientIsMadeOnceByADeath(String path) {
		String name = "Killed at " + path;
		String body = """
				{"nickname": "%s", "create_customer": {"name": "%1$s", "email": "killed@example.com"},
				 "stripe_price_id": "%s", "create_subscription": true,
				 "charge_by": "tokens", "billing_unit": 1000, "report": "usage"}
				""".formatted(name, DemoCatalogue.get().tokens().priceId());
		Supplier<Reply> post = () -> gateway.client()
			.post("/admin/v1/clients", gateway.adminToken(), body, "Idempotency-Key: " + path);
		stripe.fail(Fault.next(1, Fault.Kind.HANG_AFTER_COMMIT).at(path));

		CompletableFuture<Reply> dying = CompletableFuture.supplyAsync(post, CALLERS);
		Wait.until("what Stripe made at " + path, 20,
				() -> path.equals("/v1/customers") ? !customers(name).isEmpty() : !subscriptions(name).isEmpty());
		gateway.kill9();
		gateway.start();
		AtomicReference<Reply> again = new AtomicReference<>();
		Wait.until("end of the dead one's lease", 20, () -> {
			again.set(post.get());
			return again.get().status() != 409;
		});

		assertThat(dying.join().status()).isZero();
		assertThat(again.get().status()).as(again.get().body()).isEqualTo(201);
		assertThat(customers(name)).containsExactly(again.get().json().path("stripe_customer_id").asString());
		assertThat(subscriptions(name)).hasSize(1);
		assertThat(gateway.client().all("/admin/v1/clients", gateway.adminToken()))
			.filteredOn((client) -> client.path("nickname").asString().equals(name))
			.hasSize(1);
		settled();
	}

	private static List<String> customers(String name) {
		return atStripe("/v1/customers").stream()
			.filter((customer) -> customer.path("name").asString("").equals(name))
			.map((customer) -> customer.path("id").asString())
			.toList();
	}

	private static List<String> subscriptions(String name) {
		return customers(name).stream()
			.flatMap((customer) -> atStripe("/v1/subscriptions?customer=" + customer).stream())
			.map((subscription) -> subscription.path("id").asString())
			.toList();
	}

	private static List<JsonNode> atStripe(String path) {
		return new GatewayClient(stripe.port()).all(path, DemoCatalogue.KEY.secret().reveal());
	}

	/** The books are in order, of this death and of all before it. */
	private static void settled() {
		books.holdOnce(COMPLETE);
		books.agreeWithTheProvider();
		books.agreeWithStripe();
	}

	private static List<CompletableFuture<Reply>> callers(int count, Supplier<Reply> call) {
		return IntStream.range(0, count).mapToObj((i) -> CompletableFuture.supplyAsync(call, CALLERS)).toList();
	}

	private static Path fault() {
		return directory.resolve("fault");
	}

}
