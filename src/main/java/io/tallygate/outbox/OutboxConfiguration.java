package io.tallygate.outbox;

import java.time.Clock;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.metering.AdjustmentLines;
import io.tallygate.metering.Certainty;
import io.tallygate.metering.Witness;
import io.tallygate.stripe.MeterEvents;
import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The outbox over PostgreSQL, and the lanes that empty it into Stripe. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(OutboxProperties.class)
class OutboxConfiguration {

	/** Spreads retries; it guards nothing, so it need not be unforeseeable. */
	private static final RandomGenerator JITTER = () -> ThreadLocalRandom.current().nextLong();

	@Bean
	Outbox outbox(Database.OfSystem database, Witness witness, Ids ids) {
		return new PostgresOutbox(database, witness, ids, JITTER);
	}

	@Bean
	Lanes lanes(Outbox outbox, MeterEvents stripe, Certainty certainty, OutboxProperties properties, Clock clock,
			Ids ids, MeterRegistry registry, ObjectProvider<OutboxListener> listeners) {
		return new Lanes(outbox, stripe, certainty, properties, clock, Schedulers.parallel(), ids.next("ins_"),
				new OutboxMetrics(registry, clock), listeners.orderedStream().toList());
	}

	@Bean
	MeterEventDesk meterEventDesk(Database.OfSystem database, Outbox outbox, MeterEvents stripe, Ids ids, Clock clock) {
		return new MeterEventDesk(database, outbox, stripe, ids, clock);
	}

	@Bean
	LaneAudit laneAudit(Database.OfSystem database, MeterEventDesk desk, MeterEvents stripe, Lanes lanes, Clock clock) {
		return new LaneAudit(database, desk, stripe, lanes, clock);
	}

	@Bean
	TestUsage testUsage(Database.OfSystem system, Database.OfTenant tenant, Outbox outbox, MeterEvents stripe,
			Lanes lanes, Clock clock, OutboxProperties properties) {
		return new TestUsage(system, tenant, outbox, stripe, lanes, clock, Schedulers.parallel(),
				properties.testUsageWaitMax());
	}

	@Bean
	Adjustments adjustments(Database.OfSystem database, AdjustmentLines lines, Lanes lanes, Clock clock) {
		return new Adjustments(database, lines, lanes, clock);
	}

	@Bean
	DeliverySwitch deliverySwitch(Database.OfSystem database, Clock clock) {
		return new DeliverySwitch(database, clock);
	}

}
