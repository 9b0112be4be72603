package io.tallygate.journey;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.tallygate.fault.Matrix;
import io.tallygate.sandbox.provider.Transcript;
import io.tallygate.sandbox.stripe.AcceptedEvent;
import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.sandbox.stripe.Seed;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Client;
import io.tallygate.support.RunningGateway.Line;
import io.tallygate.support.Together;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What Stripe accepted is what was used, to the unit: whoever uses however much at the
 * same time as everybody else, whatever is counted, whoever divides.
 */
class ExactUnitsTests {

	private static final int CLIENTS = 50;

	private static final int EXCHANGES_MAX = 6;

	/** What the fake provider counts for the prompt "Hi". */
	private static final int PROMPT_TOKENS = 7;

	private static final Map<String, Object> PROMPT = Map.of("role", "user", "content", "Hi");

	private static RunningGateway gateway;

	private static RunningGateway.Agency agency;

	private final Random random = new Random(20261121);

	/** The ways to charge of the demo's catalogue. */
	private enum Mode {

		/** The gateway divides by a thousand. */
		UNITS("tokens", 1000, "units", DemoCatalogue.get().units()),
		/** The price divides. */
		USAGE("tokens", 1000, "usage", DemoCatalogue.get().tokens()),
		/** Every third message is a unit. */
		MESSAGES("messages", 3, "units", DemoCatalogue.get().messages());

		private final String chargeBy;

		private final long billingUnit;

		private final String report;

		private final DemoCatalogue.Charge charge;

		Mode(String chargeBy, long billingUnit, String report, DemoCatalogue.Charge charge) {
			this.chargeBy = chargeBy;
			this.billingUnit = billingUnit;
			this.report = report;
			this.charge = charge;
		}

		/** The client whom Stripe knows as this customer. */
		Client client(String customer) {
			return agency.client(customer,
					Map.of("charge_by", this.chargeBy, "billing_unit", this.billingUnit, "report", this.report,
							"stripe_customer_id", customer, "stripe_product_id", DemoCatalogue.get().productId(),
							"stripe_price_id", this.charge.priceId()));
		}

		/** What Stripe must have accepted for these exchanges. */
		long units(List<Line> lines) {
			if (this == MESSAGES) {
				return lines.size() / this.billingUnit;
			}
			return tokens(lines) / ((this == UNITS) ? this.billingUnit : 1);
		}

		/** A customer of this mode, by its number. */
		String customer(int number) {
			return "cus_" + name().toLowerCase(java.util.Locale.ROOT) + "_" + number;
		}

		List<Seed> seeds(String customer) {
			return List.of(new Seed(DemoCatalogue.KEY, "/v1/customers", customer, Map.of("name", customer)),
					new Seed(DemoCatalogue.KEY, "/v1/subscriptions", "sub_" + customer, Map.of("customer", customer,
							"items[0][price]", this.charge.priceId(), "payment_behavior", "default_incomplete")));
		}

	}

	@BeforeAll
	static void start() {
		List<Seed> seeds = new ArrayList<>();
		for (Mode mode : Mode.values()) {
			IntStream.range(0, CLIENTS).forEach((i) -> seeds.addAll(mode.seeds(mode.customer(i))));
		}
		for (String other : List.of("999", "1000", "1001", "3500", "change")) {
			seeds.addAll(Mode.UNITS.seeds("cus_" + other));
		}
		gateway = RunningGateway.startWith(seeds, "tallygate.outbox.scan-every=500ms");
		agency = gateway.agency();
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@ParameterizedTest
	@CsvSource({ "999, 0", "1000, 1", "1001, 1", "3500, 3" })
	void aUnitIsReportedWhenTheCountReachesIt(int tokens, long units) {
		Client client = Mode.UNITS.client("cus_" + tokens);

		use(client, tokens - PROMPT_TOKENS, false);

		assertThat(gateway.lines(client, 1)).extracting(Line::totalTokens).containsExactly((long) tokens);
		awaitRest();
		assertThat(accepted(client)).isEqualTo((units > 0) ? Map.of(1, units) : Map.of());
	}

	@ParameterizedTest
	@EnumSource
	@Matrix(68)
	void manyAtOnceAreEachReportedExactly(Mode mode) {
		List<Client> clients = Together.run(16,
				IntStream.range(0, CLIENTS)
					.mapToObj((i) -> (Callable<Client>) () -> mode.client(mode.customer(i)))
					.toList());
		Map<Client, Integer> exchanges = new HashMap<>();
		List<Callable<Void>> uses = new ArrayList<>();
		for (Client client : clients) {
			exchanges.put(client, 1 + this.random.nextInt(EXCHANGES_MAX));
			for (int i = 0; i < exchanges.get(client); i++) {
				uses.add(useByChance(client));
			}
		}
		Collections.shuffle(uses, this.random);

		Together.run(CLIENTS, uses);

		Map<Client, List<Line>> lines = clients.stream()
			.collect(Collectors.toMap(Function.identity(), (client) -> gateway.lines(client, exchanges.get(client))));
		awaitRest();
		for (Client client : clients) {
			assertThat(lines.get(client)).hasSize(exchanges.get(client));
			assertThat(tokens(lines.get(client))).isEqualTo(reportedTokens(lines.get(client)));
			long units = mode.units(lines.get(client));
			assertThat(accepted(client)).isEqualTo((units > 0) ? Map.of(1, units) : Map.of());
		}
	}

	@Test
	@Matrix(75)
	void aChangeOfBillingUnitWhileAnswersRunLeavesBothEpochsExact() {
		Client client = Mode.UNITS.client("cus_change");
		use(client, 2500, false);
		List<Callable<Void>> calls = new ArrayList<>();
		for (int i = 0; i < 10; i++) {
			int tokens = 50 + this.random.nextInt(50);
			calls.add(() -> use(client, tokens + ",d=20", true));
		}
		calls.add(() -> {
			await().until(() -> gateway.provider().openStreams() == 10);
			agency.call("PATCH", "/clients/" + client.id(), Map.of("billing_unit", 400));
			return null;
		});
		Together.run(calls.size(), calls);
		assertThat(gateway.lines(client, 11)).allMatch((line) -> line.epoch() == 1);

		await().atMost(RunningGateway.PATIENCE).until(() -> {
			use(client, 500 + this.random.nextInt(1000), false);
			return gateway.lines(client).stream().anyMatch((line) -> line.epoch() == 2);
		});
		Together.run(10, Collections.nCopies(10, useByChance(client)));
		awaitRest();

		Map<Integer, List<Line>> epochs = gateway.lines(client).stream().collect(Collectors.groupingBy(Line::epoch));
		assertThat(tokens(gateway.lines(client))).isEqualTo(reportedTokens(gateway.lines(client)));
		assertThat(accepted(client)).isEqualTo(Map.of(1, tokens(epochs.get(1)) / 1000, 2, tokens(epochs.get(2)) / 400));
	}

	private Callable<Void> useByChance(Client client) {
		boolean streams = this.random.nextBoolean();
		int tokens = 1 + this.random.nextInt(streams ? 100 : 2500);
		return () -> use(client, tokens, streams);
	}

	/** One exchange with so many tokens of output. */
	private static Void use(Client client, Object tokens, boolean streams) {
		assertThat(gateway
			.chat(client, Map.of("model", "fake:t=" + tokens, "messages", List.of(PROMPT), "stream", streams))
			.statusCode()).isEqualTo(200);
		return null;
	}

	private static long tokens(List<Line> lines) {
		return lines.stream().mapToLong(Line::totalTokens).sum();
	}

	/** What the provider says that it told for these exchanges. */
	private static long reportedTokens(List<Line> lines) {
		Map<String, Transcript.Answer> answers = gateway.provider()
			.transcript()
			.answers()
			.stream()
			.filter(Transcript.Answer::isReported)
			.collect(Collectors.toMap(Transcript.Answer::requestId, Function.identity()));
		return lines.stream().mapToLong((line) -> answers.get(line.providerRequestId()).totalTokens()).sum();
	}

	/** Waits until everything is written, cut and delivered. */
	private static void awaitRest() {
		gateway.assertNothingIsOpen();
		await().atMost(RunningGateway.PATIENCE).until(() -> gateway.sql().sql("""
				select (select count(*) from account where crossed > cut)
				  + (select count(*) from meter_event where state <> 'delivered')
				""").query(Long.class).single() == 0);
	}

	/** What Stripe accepted for a client, by epoch. */
	private static Map<Integer, Long> accepted(Client client) {
		Map<String, Integer> epochs = gateway.sql()
			.sql("select identifier, epoch from meter_event where client_id = :client")
			.param("client", client.id())
			.query((row, number) -> Map.entry(row.getString(1), row.getInt(2)))
			.list()
			.stream()
			.collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
		List<AcceptedEvent> events = gateway.stripe()
			.transcript()
			.stream()
			.filter((event) -> event.identifier().contains(client.id().substring("cli_".length())))
			.toList();
		assertThat(events).extracting(AcceptedEvent::identifier).doesNotHaveDuplicates().isSubsetOf(epochs.keySet());
		return events.stream()
			.collect(Collectors.groupingBy((event) -> epochs.get(event.identifier()),
					Collectors.summingLong(AcceptedEvent::value)));
	}

}
