package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.TestWitness;
import io.tallygate.stripe.MeterEvent;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

class CourierTests {

	private static final Instant NOW = Fixtures.NOW;

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	private final InMemoryOutbox outbox = new InMemoryOutbox(new Ids(() -> NOW, new Random(1)), new Random(1));

	private Mono<MeterEventAnswer> answer = Mono.just(new MeterEventAnswer.Accepted());

	private Mono<BigDecimal> summary = Mono.just(BigDecimal.valueOf(3));

	private int calls;

	private final Courier courier = new Courier(this.outbox, new Stripe(), TestWitness.CERTAIN, Duration.ofSeconds(30),
			this::now, this.time);

	@Test
	void whoeverLostTheLeaseDoesNotCall() {
		MeterEventRow row = claimed();
		this.time.advanceTimeBy(Duration.ofSeconds(60));

		StepVerifier.create(this.courier.carry(row)).expectComplete().verify(Duration.ofSeconds(5));

		assertThat(this.calls).isZero();
	}

	@Test
	@Matrix(44)
	void aCallThatTakesTooLongIsUnanswered() {
		this.answer = Mono.never();
		MeterEventRow row = claimed();

		StepVerifier.create(this.courier.carry(row))
			.then(() -> this.time.advanceTimeBy(Duration.ofSeconds(30)))
			.assertNext((finding) -> assertThat(finding.outcome()).isEqualTo("unanswered"))
			.expectComplete()
			.verify(Duration.ofSeconds(5));
	}

	@Test
	void aCallThatBreaksIsUnanswered() {
		this.answer = Mono.error(new IllegalStateException("broken"));

		assertThat(this.courier.carry(claimed()).block().outcome()).isEqualTo("unanswered");
	}

	@Test
	@Matrix(49)
	void anOldDoubtIsTakenToTheSummaries() {
		MeterEventRow row = inDoubtForADay();

		assertThat(this.courier.carry(row).block()).isEqualTo(new Finding.Summarised(BigDecimal.valueOf(3), 0, now()));
		assertThat(this.calls).isZero();
	}

	@Test
	void summariesThatCannotBeReadAreAFindingToo() {
		this.summary = Mono.error(new IllegalStateException("broken"));

		assertThat(this.courier.carry(inDoubtForADay()).block().outcome()).isEqualTo("not_summarised");
	}

	private MeterEventRow inDoubtForADay() {
		MeterEventRow row = claimed();
		this.time.advanceTimeBy(MeterEventRow.DOUBT_MAX);
		return row.taken(new Delivery.Hold("ins_2", now().plusSeconds(60)), now());
	}

	private MeterEventRow claimed() {
		Lane lane = Fixtures.lane(1, Fixtures.agency(1));
		this.outbox.open(lane, Fixtures.client(1), 1, Report.UNITS);
		this.outbox.cross(Fixtures.client(1), 1, 3, now());
		this.outbox.cut(1, now()).block();
		return this.outbox.claim(new Delivery.Hold("ins_1", now().plusSeconds(60)), 1, 1, now()).blockFirst();
	}

	private Instant now() {
		return NOW.plusMillis(this.time.now(TimeUnit.MILLISECONDS));
	}

	private final class Stripe implements MeterEvents {

		@Override
		public Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
			CourierTests.this.calls++;
			return CourierTests.this.answer;
		}

		@Override
		public Mono<BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from, Instant to) {
			return CourierTests.this.summary;
		}

	}

}
