package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.tallygate.client.Report;
import io.tallygate.core.Ids;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whatever goes wrong and in whatever order: what Stripe would charge is at no instant
 * more than what was crossed, and when all is well again exactly that.
 */
class EveryScheduleTests {

	@Property(tries = 3000)
	void noUnitIsChargedTwiceOrLost(@ForAll long seed, @ForAll @IntRange(min = 10, max = 300) int steps) {
		new Schedule(seed, Duration.ofMinutes(4)).run(steps);
	}

	@Property(tries = 1000)
	void noUnitIsChargedTwiceOrLostThroughDaysOfTrouble(@ForAll long seed,
			@ForAll @IntRange(min = 10, max = 200) int steps) {
		new Schedule(seed, Duration.ofHours(3)).run(steps);
	}

	/** One seed is one schedule. */
	private static final class Schedule {

		private static final Duration LEASE = Duration.ofSeconds(60);

		private final Random random;

		private final Duration pauseMax;

		private final InMemoryOutbox outbox;

		private final StripeOracle stripe;

		private final Courier courier;

		private final List<MeterEventRow> underWay = new ArrayList<>();

		private final Map<String, MeterEventRow> fixed = new HashMap<>();

		private Instant now = Fixtures.NOW;

		private boolean isHealed;

		Schedule(long seed, Duration pauseMax) {
			this.random = new Random(seed);
			this.pauseMax = pauseMax;
			this.outbox = new InMemoryOutbox(new Ids(() -> this.now, this.random), this.random);
			this.stripe = new StripeOracle(() -> this.now, this::mishap);
			this.courier = new Courier(this.outbox, this.stripe, Duration.ofSeconds(30), () -> this.now,
					Schedulers.immediate());
			for (int lane = 1; lane <= 2; lane++) {
				Lane way = Fixtures.lane(lane, Fixtures.agency(lane));
				this.outbox.open(way, Fixtures.client(lane), 1, Report.UNITS);
				this.outbox.open(way, Fixtures.client(lane), 2, Report.USAGE);
			}
		}

		void run(int steps) {
			for (int i = 0; i < steps; i++) {
				step();
				check();
			}
			heal();
			assertThat(this.stripe.charged()).isEqualTo(this.outbox.crossed());
			assertThat(this.outbox.rows()).allMatch((row) -> row.is(Delivery.State.DELIVERED));
		}

		private void step() {
			switch (this.random.nextInt(7)) {
				case 0 ->
					this.outbox.cross(Fixtures.client(anyLane()), anyLane(), 1 + this.random.nextInt(5), this.now);
				case 1 -> this.outbox.cut(anyLane(), this.now).block();
				case 2, 3 -> claim();
				case 4, 5 -> finishOne();
				default -> this.now = this.now.plusMillis(this.random.nextLong(this.pauseMax.toMillis()));
			}
		}

		private int anyLane() {
			return 1 + this.random.nextInt(2);
		}

		private void claim() {
			Delivery.Hold hold = new Delivery.Hold("ins_" + this.random.nextInt(3), this.now.plus(LEASE));
			this.underWay.addAll(this.outbox.claim(hold, 4, 2, this.now).collectList().block());
		}

		/**
		 * An instance calls and writes down, or dies before, between or after; what it
		 * writes down may come late.
		 */
		private void finishOne() {
			if (this.underWay.isEmpty()) {
				return;
			}
			MeterEventRow row = this.underWay.remove(this.random.nextInt(this.underWay.size()));
			boolean diesBeforeTheCall = row.delivery().hold().until().isBefore(this.now) || chance(10);
			if (diesBeforeTheCall) {
				return;
			}
			Finding finding = this.courier.carry(row).block();
			boolean diesAfterTheCall = chance(10);
			if (!diesAfterTheCall) {
				if (chance(10)) {
					this.now = this.now.plus(LEASE);
					claim();
				}
				this.outbox.settle(row, finding, this.now).block();
			}
		}

		private void heal() {
			this.isHealed = true;
			this.underWay.clear();
			for (int round = 0; round < 2000 && isAnythingLeft(); round++) {
				this.now = this.now.plus(NextState.RETRY_DELAY_MAX);
				this.outbox.lanesDue(0, 10).block().forEach((lane) -> this.outbox.cut(lane, this.now).block());
				claim();
				while (!this.underWay.isEmpty()) {
					MeterEventRow row = this.underWay.remove(0);
					this.outbox.settle(row, this.courier.carry(row).block(), this.now).block();
				}
				check();
			}
		}

		private boolean isAnythingLeft() {
			return this.stripe.charged() < this.outbox.crossed()
					|| !this.outbox.rows().stream().allMatch((row) -> row.is(Delivery.State.DELIVERED));
		}

		private void check() {
			assertThat(this.stripe.charged()).isLessThanOrEqualTo(this.outbox.crossed());
			assertThat(this.stripe.brokenRules()).isEmpty();
			for (MeterEventRow row : this.outbox.rows()) {
				MeterEventRow before = this.fixed.putIfAbsent(row.identifier(), row);
				assertThat(before == null || before.with(row.delivery()).equals(row)).isTrue();
			}
		}

		private StripeOracle.Mishap mishap() {
			StripeOracle.Mishap[] all = StripeOracle.Mishap.values();
			return (this.isHealed || chance(30)) ? StripeOracle.Mishap.NONE : all[this.random.nextInt(all.length)];
		}

		private boolean chance(int percent) {
			return this.random.nextInt(100) < percent;
		}

	}

}
