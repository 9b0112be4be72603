package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.core.ClientId;
import io.tallygate.metering.Certainty;
import io.tallygate.metering.DueListener;
import io.tallygate.metering.InMemoryProgress;
import io.tallygate.metering.Witness;
import io.tallygate.simulation.Wire;
import io.tallygate.stripe.MeterEvents;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** The lanes of one simulated process, put together as the application does. */
public final class OutboxInstance {

	private static final OutboxProperties PROPERTIES = new OutboxProperties(Duration.ofSeconds(5), 500, 4,
			Duration.ofMillis(500), Duration.ofMillis(20), 10_000, 64, 4, 16, Duration.ofSeconds(10),
			Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(15), Duration.ofSeconds(60));

	private final Lanes lanes;

	/** Over an outbox that is reached over {@code toPostgres}. */
	public OutboxInstance(Scheduler scheduler, InstantSource clock, String owner, InMemoryOutbox outbox,
			InMemoryProgress progress, Witness witness, Certainty certainty, Wire toPostgres, MeterEvents stripe) {
		this.lanes = new Lanes(new OverWire(outbox, progress, witness, owner, toPostgres), stripe, certainty,
				PROPERTIES, clock, scheduler, owner, new OutboxMetrics(new SimpleMeterRegistry(), clock), List.of());
	}

	/** Begins to work. */
	public OutboxInstance start() {
		this.lanes.start();
		return this;
	}

	/** Who hears of units that are due. */
	public DueListener due() {
		return this.lanes;
	}

	/** Each method is one call; its transaction is carried out where the call arrives. */
	private record OverWire(Outbox outbox, InMemoryProgress progress, Witness witness, String writer,
			Wire wire) implements Outbox {

		@Override
		public Mono<List<Long>> lanesDue(long after, int limit) {
			return this.wire.call(() -> this.outbox.lanesDue(after, limit).block());
		}

		@Override
		public Mono<Long> laneOf(ClientId client, int epoch) {
			return this.wire.call(() -> this.outbox.laneOf(client, epoch).block());
		}

		@Override
		public Mono<MeterEventRow> cut(long lane, Instant now) {
			return this.progress.transactional(this.witness, this.writer, this.wire,
					() -> this.outbox.cut(lane, now).block());
		}

		@Override
		public Flux<MeterEventRow> claim(Delivery.Hold hold, int limit, Share perAgency, Instant now) {
			return this.progress
				.transactional(this.witness, this.writer, this.wire,
						() -> this.outbox.claim(hold, limit, perAgency, now)
							.collectList()
							.filter((rows) -> !rows.isEmpty())
							.block())
				.flatMapIterable((rows) -> rows);
		}

		@Override
		public Mono<Long> known(MeterEventRow row) {
			return this.wire.call(() -> this.outbox.known(row).block());
		}

		@Override
		public Mono<MeterEventRow> settle(MeterEventRow claimed, Finding finding, Instant now) {
			return this.wire.call(() -> this.outbox.settle(claimed, finding, now).block());
		}

		@Override
		public Mono<List<DoubtfulLane>> doubtfulLanes(Instant now, int limit) {
			return this.wire.call(() -> this.outbox.doubtfulLanes(now, limit).block());
		}

		@Override
		public Mono<List<Recovery.Settled>> settle(DoubtfulLane doubtful, Map<Instant, BigDecimal> readings,
				Instant now) {
			return this.wire.call(() -> this.outbox.settle(doubtful, readings, now).block());
		}

		@Override
		public Mono<Long> drift() {
			return this.wire.call(() -> this.outbox.drift().block());
		}

		@Override
		public Mono<Backlog> backlog() {
			return this.wire.call(() -> this.outbox.backlog().block());
		}

	}

}
