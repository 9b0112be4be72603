package io.tallygate.outbox;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.core.Metric;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.TestWitness;
import io.tallygate.stripe.MeterEvent;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** The rounds of a lane in virtual time: nothing here sleeps. */
class LanesTests {

	private static final Duration REST = Duration.ofMillis(250);

	private static final OutboxProperties PROPERTIES = new OutboxProperties(Duration.ofSeconds(5), 2, 1, REST,
			Duration.ofMillis(20), 100, 8, 4, 4, Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(30),
			Duration.ofSeconds(15), Duration.ofSeconds(60));

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	private final InstantSource clock = () -> Fixtures.NOW.plusMillis(this.time.now(TimeUnit.MILLISECONDS));

	private final Random random = new Random(7);

	private final InMemoryOutbox outbox = new InMemoryOutbox(new Ids(this.clock, this.random), this.random);

	private final Stripe stripe = new Stripe();

	private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

	private final Told told = new Told();

	private final Lanes lanes = new Lanes(this.outbox, this.stripe, TestWitness.CERTAIN, PROPERTIES, this.clock,
			this.time, "ins_1", new OutboxMetrics(this.registry, this.clock), List.of(this.told));

	@AfterEach
	void dispose() {
		this.time.dispose();
	}

	@Test
	@Matrix(12)
	void aScanFindsWhatNoWakeUpTold() {
		open(1, 1);
		start();

		cross(1, 3);
		this.time.advanceTimeBy(Duration.ofSeconds(4));
		assertThat(this.stripe.sent).isEmpty();
		this.time.advanceTimeBy(Duration.ofSeconds(1));

		assertThat(this.stripe.sent).extracting(MeterEvent::value).containsExactly(3L);
		assertThat(this.told.lines).containsExactly("cut 3", "delivered 3");
	}

	@Test
	void aWakeUpDoesNotWaitForTheScan() {
		open(1, 1);
		start();

		cross(1, 3);
		this.lanes.unitsDue(Fixtures.client(1), 1);
		this.time.advanceTimeBy(Duration.ofMillis(1));

		assertThat(this.stripe.sent).hasSize(1);
	}

	@Test
	@Matrix(48)
	void unitsCoalesceWhileTheLaneIsBusyAndGoAtOnceWhenItIsFree() {
		open(1, 1);
		this.stripe.takes = Duration.ofSeconds(2);
		start();

		for (int i = 0; i < 5; i++) {
			cross(1, 1);
			this.lanes.unitsDue(Fixtures.client(1), 1);
			this.time.advanceTimeBy(Duration.ofMillis(100));
		}
		this.time.advanceTimeBy(Duration.ofMillis(1600));

		assertThat(this.stripe.sent).extracting(MeterEvent::value).containsExactly(1L, 4L);
	}

	@Test
	void aLaneThatIsNeverIdleSendsOnceARestWithAllThatCameDue() {
		open(1, 1);
		start();
		this.time.advanceTimeBy(REST);

		for (int i = 0; i < 10; i++) {
			cross(1, 1);
			this.lanes.unitsDue(Fixtures.client(1), 1);
			this.time.advanceTimeBy(REST.dividedBy(5));
		}
		this.time.advanceTimeBy(REST);

		assertThat(this.stripe.sent).extracting(MeterEvent::value).containsExactly(1L, 4L, 5L);
	}

	@Test
	void allLanesAreScannedHoweverManyThereAre() {
		for (int lane = 1; lane <= 7; lane++) {
			open(lane, lane);
			cross(lane, 1);
		}

		start();

		assertThat(this.stripe.sent).hasSize(7);
	}

	@Test
	@Matrix(42)
	void oneAgencysSlownessLeavesHandsForTheOthers() {
		for (int lane = 1; lane <= 6; lane++) {
			open(lane, 1);
			cross(lane, 1);
		}
		open(7, 2);
		cross(7, 1);
		this.stripe.hangsFor = Fixtures.agency(1);

		start();

		assertThat(this.stripe.inFlight.get()).isEqualTo(PROPERTIES.deliveriesPerAgency());
		assertThat(this.told.lines).contains("delivered 1");
	}

	@Test
	void noMoreCallsAreInFlightThanAllowed() {
		for (int lane = 1; lane <= 20; lane++) {
			open(lane, lane);
			cross(lane, 1);
		}
		this.stripe.takes = Duration.ofSeconds(1);

		start();
		this.time.advanceTimeBy(Duration.ofSeconds(10));

		assertThat(this.stripe.mostInFlight).isEqualTo(PROPERTIES.deliveriesAtOnce());
		assertThat(this.stripe.sent).hasSize(20);
	}

	@Test
	@Matrix(44)
	void aCallWithoutAnAnswerIsRepeatedUnderTheSameIdentifierAndKey() {
		open(1, 1);
		cross(1, 2);
		this.stripe.answers.add(new MeterEventAnswer.Unanswered("reset"));

		start();
		this.time.advanceTimeBy(Duration.ofSeconds(2));

		assertThat(this.stripe.sent).hasSize(2);
		assertThat(this.stripe.sent.get(1)).isEqualTo(this.stripe.sent.get(0));
	}

	@Test
	@Matrix(43)
	void anAnsweredFailureIsRepeatedUnderAnotherKey() {
		open(1, 1);
		cross(1, 2);
		this.stripe.answers.add(new MeterEventAnswer.Failed("500"));

		start();
		this.time.advanceTimeBy(Duration.ofSeconds(2));

		assertThat(this.stripe.sent).extracting(MeterEvent::idempotencyKey)
			.containsExactly(this.stripe.sent.get(0).identifier() + ":0", this.stripe.sent.get(0).identifier() + ":1");
	}

	@Test
	@Matrix(44)
	void whatWaitsWhileStripeIsAwayIsNotTriedOneByOneAndGoesAtOnceWhenItIsBack() {
		for (int lane = 1; lane <= 100; lane++) {
			open(lane, 1);
			cross(lane, 1);
		}
		this.stripe.away = true;
		this.stripe.takes = Duration.ofMillis(7);
		start();
		this.time.advanceTimeBy(Duration.ofMinutes(10));
		int inVain = this.stripe.sent.size();

		this.stripe.away = false;
		this.time.advanceTimeBy(PROPERTIES.restMax().plusSeconds(1));

		assertThat(inVain).isLessThan(70 * PROPERTIES.deliveriesPerAgency());
		assertThat(this.told.lines).filteredOn("delivered 1"::equals).hasSizeGreaterThan(90);
		assertThat(this.registry.get(Metric.OUTBOX_AGENCIES_RESTING.key()).gauge().value()).isZero();
	}

	@Test
	@Matrix(42)
	void anAgencyThatStripeLeavesUnansweredRestsAndNoOtherDoes() {
		open(1, 1);
		open(2, 2);
		open(3, 1);
		cross(1, 1);
		cross(3, 1);
		this.stripe.takes = Duration.ofMillis(100);
		this.stripe.answers.add(new MeterEventAnswer.Unanswered("reset"));
		this.stripe.answers.add(new MeterEventAnswer.Unanswered("reset"));
		start();
		this.time.advanceTimeBy(this.stripe.takes.plusMillis(50));
		assertThat(this.registry.get(Metric.OUTBOX_AGENCIES_RESTING.key()).gauge().value()).isOne();

		cross(2, 2);
		this.lanes.unitsDue(Fixtures.client(2), 1);
		this.time.advanceTimeBy(REST.plus(this.stripe.takes));
		assertThat(this.told.lines).containsExactly("cut 1", "cut 1", "cut 2", "delivered 2");
		this.time.advanceTimeBy(NextState.RETRY_DELAY_BASE.plus(this.stripe.takes));

		assertThat(this.told.lines).endsWith("delivered 1", "delivered 1");
		assertThat(this.registry.get(Metric.OUTBOX_AGENCIES_RESTING.key()).gauge().value()).isZero();
	}

	@Test
	@Matrix(44)
	void aCallThatNeverEndsCountsAsUnanswered() {
		open(1, 1);
		cross(1, 2);
		this.stripe.hangsFor = Fixtures.agency(1);

		start();
		this.time.advanceTimeBy(PROPERTIES.callTimeout());

		MeterEventRow row = this.outbox.rows().iterator().next();
		assertThat(row.delivery().state()).isEqualTo(Delivery.State.DUE);
		assertThat(row.delivery().doubt()).isNotNull();
	}

	@Test
	@Matrix(47)
	void aRefusedKeyStopsTheAgencyUntilItIsResumed() {
		open(1, 1);
		cross(1, 2);
		this.stripe.answers.add(new MeterEventAnswer.KeyRefused("revoked"));

		start();
		this.time.advanceTimeBy(Duration.ofMinutes(1));
		assertThat(this.stripe.sent).hasSize(1);
		this.outbox.resume(Fixtures.agency(1), this.clock.instant());
		this.time.advanceTimeBy(PROPERTIES.scanEvery());

		assertThat(this.stripe.sent).hasSize(2);
	}

	@Test
	void aLaneThatIsStoppedIsNotCutAgain() {
		open(1, 1);
		cross(1, 2);
		this.stripe.answers
			.add(new MeterEventAnswer.Refused("resource_missing", "No such customer", MeterEventAnswer.Fault.CUSTOMER));

		start();
		cross(1, 2);
		this.time.advanceTimeBy(Duration.ofMinutes(1));

		assertThat(this.told.lines).containsExactly("cut 2", "parked 2");
		assertThat(this.registry.get(Metric.OUTBOX_PARKED.key()).tag("reason", "customer").counter().count())
			.isEqualTo(1);
	}

	@Test
	void aStopWaitsForCallsInFlightAndBeginsNothing() {
		open(1, 1);
		cross(1, 2);
		this.stripe.takes = Duration.ofSeconds(3);
		AtomicBoolean stopped = new AtomicBoolean();
		start();

		this.lanes.stop(() -> stopped.set(true));
		cross(1, 2);
		this.lanes.unitsDue(Fixtures.client(1), 1);
		this.time.advanceTimeBy(Duration.ofSeconds(2));
		assertThat(stopped).isFalse();
		this.time.advanceTimeBy(Duration.ofMinutes(1));

		assertThat(stopped).isTrue();
		assertThat(this.told.lines).containsExactly("cut 2", "delivered 2");
	}

	@Test
	void whatStoppedCanStartAgain() {
		open(1, 1);
		start();
		this.lanes.stop();
		cross(1, 2);

		start();

		assertThat(this.told.lines).containsExactly("cut 2", "delivered 2");
	}

	/** It reads all that wait, and there may be a million. */
	@Test
	void countingWhatWaitsRestsFiftyTimesAsLongAsItTook() {
		AtomicInteger counted = new AtomicInteger();
		Duration takes = Duration.ofMillis(400);
		Outbox slow = (Outbox) Proxy.newProxyInstance(Outbox.class.getClassLoader(), new Class<?>[] { Outbox.class },
				(proxy, method, arguments) -> {
					if (!method.getName().equals("backlog")) {
						return method.invoke(this.outbox, arguments);
					}
					counted.incrementAndGet();
					return Mono.just(Outbox.Backlog.NONE).delayElement(takes, this.time);
				});
		Lanes counting = new Lanes(slow, this.stripe, TestWitness.CERTAIN, PROPERTIES, this.clock, this.time, "ins_2",
				new OutboxMetrics(this.registry, this.clock), List.of());

		counting.start();
		this.time.advanceTimeBy(Duration.ofSeconds(61));

		assertThat(counted).as("at 0, 25 and 50 seconds, where scans are every five").hasValue(3);
	}

	private void start() {
		this.lanes.start();
		this.time.advanceTimeBy(Duration.ofMillis(1));
	}

	private void open(int lane, int agency) {
		this.outbox.open(Fixtures.lane(lane, Fixtures.agency(agency)), Fixtures.client(lane), 1, Report.UNITS);
	}

	private void cross(int lane, long units) {
		this.outbox.cross(Fixtures.client(lane), 1, units, this.clock.instant());
	}

	/** Answers as it is told, accepts otherwise. */
	private final class Stripe implements MeterEvents {

		private final List<MeterEvent> sent = new ArrayList<>();

		private final Queue<MeterEventAnswer> answers = new ArrayDeque<>();

		private final AtomicInteger inFlight = new AtomicInteger();

		private int mostInFlight;

		private Duration takes = Duration.ZERO;

		private AgencyId hangsFor;

		private boolean away;

		@Override
		public Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
			return Mono.defer(() -> {
				this.sent.add(event);
				this.mostInFlight = Math.max(this.mostInFlight, this.inFlight.incrementAndGet());
				return agency.equals(this.hangsFor) ? Mono.never() : Mono.just(answer());
			}).delayElement(this.takes, LanesTests.this.time).doFinally((signal) -> this.inFlight.decrementAndGet());
		}

		private MeterEventAnswer answer() {
			if (this.away) {
				return new MeterEventAnswer.Unanswered("refused");
			}
			MeterEventAnswer told = this.answers.poll();
			return (told != null) ? told : new MeterEventAnswer.Accepted();
		}

		@Override
		public Mono<java.math.BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from,
				Instant to) {
			return Mono.error(new IllegalStateException("No summaries here"));
		}

	}

	/** What a console would show. */
	private static final class Told implements OutboxListener {

		private final List<String> lines = new ArrayList<>();

		@Override
		public void cut(MeterEventRow row) {
			this.lines.add("cut " + row.value());
		}

		@Override
		public void delivered(MeterEventRow row) {
			this.lines.add("delivered " + row.value());
		}

		@Override
		public void parked(MeterEventRow row) {
			this.lines.add("parked " + row.value());
		}

	}

}
