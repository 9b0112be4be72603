package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.TestWitness;
import io.tallygate.simulation.StripeOracle;
import io.tallygate.stripe.MeterEvent;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/** Two instances over one real PostgreSQL, and a Stripe that now and then fails. */
class LanesIntegrationTests {

	private static final int CLIENTS = 12;

	private static final OutboxProperties PROPERTIES = new OutboxProperties(Duration.ofMillis(200), 5, 2,
			Duration.ofMillis(50), Duration.ofMillis(20), 100, 16, 16, 16, Duration.ofSeconds(1), Duration.ofSeconds(5),
			Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(10));

	private final OutboxDatabase database = new OutboxDatabase();

	private final StripeOracle stripe = new StripeOracle(Clock.systemUTC(), LanesIntegrationTests::mishap);

	private final Lanes first = lanes("ins_1");

	private final Lanes second = lanes("ins_2");

	@AfterEach
	void stop() {
		this.first.stop();
		this.second.stop();
	}

	@Test
	@Matrix({ 70, 71 })
	void twoInstancesOnTheSameLanesChargeEachUnitOnce() {
		AgencyId agency = Fixtures.agency(1);
		this.database.agency(agency);
		for (int client = 1; client <= CLIENTS; client++) {
			this.database.client(Fixtures.client(client), agency, client, Report.UNITS);
		}
		this.first.start();
		this.second.start();

		Random random = new Random(3);
		for (int i = 0; i < 150; i++) {
			int client = 1 + random.nextInt(CLIENTS);
			this.database.cross(Fixtures.client(client), 1 + random.nextInt(3), Instant.now());
			this.first.unitsDue(Fixtures.client(client), 1);
			this.second.unitsDue(Fixtures.client(client), 1);
			assertThat(this.stripe.charged()).isLessThanOrEqualTo(number("select sum(crossed) as n from account"));
		}
		Awaitility.await().atMost(Duration.ofSeconds(120)).until(() -> number("""
				select (select sum(crossed - cut) from account)
				  + (select count(*) from meter_event where state <> 'delivered') as n""") == 0);

		assertThat(this.stripe.charged()).isEqualTo(number("select sum(crossed) as n from account"))
			.isEqualTo(number("select sum(value) as n from meter_event"));
		assertThat(this.stripe.brokenRules()).isEmpty();
	}

	private long number(String sql) {
		return this.database.number(sql);
	}

	private Lanes lanes(String owner) {
		Ids ids = new Ids(Clock.systemUTC(), new Random());
		PostgresOutbox outbox = new PostgresOutbox(this.database.database().system(), TestWitness.alone(), ids,
				new Random());
		return new Lanes(outbox, new SlowStripe(), TestWitness.CERTAIN, PROPERTIES, Clock.systemUTC(),
				Schedulers.parallel(), owner, new OutboxMetrics(new SimpleMeterRegistry(), Clock.systemUTC()),
				List.of());
	}

	private static StripeOracle.Mishap mishap() {
		StripeOracle.Mishap[] all = StripeOracle.Mishap.OF_ONE_CALL;
		ThreadLocalRandom random = ThreadLocalRandom.current();
		return (random.nextInt(100) < 10) ? all[random.nextInt(all.length)] : StripeOracle.Mishap.NONE;
	}

	/** The oracle at some milliseconds' distance. */
	private final class SlowStripe implements MeterEvents {

		@Override
		public Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
			return LanesIntegrationTests.this.stripe.sendSlowly(event,
					Mono.delay(Duration.ofMillis(ThreadLocalRandom.current().nextInt(10))));
		}

		@Override
		public Mono<BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from, Instant to) {
			return LanesIntegrationTests.this.stripe.summary(agency, meterId, customer, from, to);
		}

	}

}
