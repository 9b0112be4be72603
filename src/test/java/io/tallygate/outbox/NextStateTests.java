package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.stream.Stream;

import io.tallygate.fault.Matrix;
import io.tallygate.stripe.MeterEventAnswer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

class NextStateTests {

	private static final Instant NOW = Fixtures.NOW;

	private final Random random = new Random(1);

	/** Answer, state, key number, whether in doubt afterwards. */
	static Stream<Arguments> answers() {
		return Stream.of(Arguments.of(new MeterEventAnswer.Accepted(), Delivery.State.DELIVERED, 1, false),
				Arguments.of(new MeterEventAnswer.Duplicate(), Delivery.State.DELIVERED, 1, false),
				Arguments.of(new MeterEventAnswer.Busy("429", null), Delivery.State.DUE, 1, false),
				Arguments.of(new MeterEventAnswer.KeyRefused("401"), Delivery.State.DUE, 1, false),
				Arguments.of(new MeterEventAnswer.Failed("500"), Delivery.State.DUE, 1, true),
				Arguments.of(new MeterEventAnswer.Unanswered("reset"), Delivery.State.DUE, 0, true),
				Arguments.of(refused(MeterEventAnswer.Fault.VALUE), Delivery.State.PARKED, 1, false));
	}

	@ParameterizedTest
	@MethodSource("answers")
	@Matrix({ 14, 42, 43, 44, 45, 46, 47 })
	void eachAnswerHasItsConsequence(MeterEventAnswer answer, Delivery.State state, int key, boolean isInDoubt) {
		Delivery next = after(sent(Fixtures.row(), NOW), new Finding.Answered(answer), NOW).delivery();

		assertThat(next.state()).isEqualTo(state);
		assertThat(next.idempotencyN()).isEqualTo(key);
		assertThat(next.doubt() != null).isEqualTo(isInDoubt);
		assertThat(next.hold()).isNull();
	}

	@ParameterizedTest
	@CsvSource({ "CUSTOMER, true", "METER, true", "AGE, false", "VALUE, false" })
	@Matrix(46)
	void aLaneStopsWhereItsNextEventWouldBeRefusedToo(MeterEventAnswer.Fault fault, boolean stops) {
		Delivery next = after(sent(Fixtures.row(), NOW), new Finding.Answered(refused(fault)), NOW).delivery();

		assertThat(next.stopsLane()).isEqualTo(stops);
		assertThat(next.reason()).isEqualTo(fault.name().toLowerCase(java.util.Locale.ROOT) + ": some_code");
	}

	@Test
	@Matrix(47)
	void onlyARefusedKeyPausesTheAgency() {
		MeterEventRow row = sent(Fixtures.row(), NOW);

		assertThat(after(row, new Finding.Answered(new MeterEventAnswer.KeyRefused("revoked")), NOW).pauses())
			.isEqualTo("revoked");
		assertThat(after(row, new Finding.Answered(new MeterEventAnswer.Busy("429", null)), NOW).pauses()).isNull();
	}

	@Test
	void anOlderDoubtOutlivesADefiniteAnswer() {
		MeterEventRow doubted = unanswered(Fixtures.row(), NOW);
		MeterEventRow again = sent(doubted, NOW.plusSeconds(30));

		Delivery next = after(again, new Finding.Answered(new MeterEventAnswer.Busy("429", null)), NOW.plusSeconds(31))
			.delivery();

		assertThat(next.doubt()).isEqualTo(new Delivery.Doubt(NOW, null, null));
	}

	@Test
	@Matrix(42)
	void stripesWishToWaitIsHonouredWithinOurBound() {
		assertThat(wait(Duration.ofSeconds(40))).isEqualTo(Duration.ofSeconds(40));
		assertThat(wait(Duration.ofDays(1))).isEqualTo(NextState.RETRY_DELAY_MAX);
		assertThat(wait(null)).isLessThanOrEqualTo(NextState.RETRY_DELAY_BASE);
	}

	@ParameterizedTest
	@CsvSource({ "1, 500, 1000", "2, 1000, 2000", "5, 8000, 16000", "11, 450000, 900000", "1000000, 450000, 900000" })
	@Matrix(42)
	void delaysDoubleUpToTheirBoundAndHalfIsChance(int attempts, long least, long most) {
		for (int i = 0; i < 100; i++) {
			assertThat(NextState.delay(attempts, this.random).toMillis()).isBetween(least, most);
		}
	}

	/** Hours in doubt, age in days, step. */
	@ParameterizedTest
	@CsvSource({ "22, 1, SEND", "23, 1, READ_SUMMARIES", "22, 35, SEND", "23, 36, GIVE_UP", "1, 36, GIVE_UP" })
	@Matrix({ 49, 50 })
	void ageAndDoubtDecideWhatIsDone(long hoursInDoubt, long ageDays, MeterEventRow.Step step) {
		MeterEventRow row = unanswered(Fixtures.row(), NOW.minus(Duration.ofHours(hoursInDoubt)));

		assertThat(occurred(row, NOW.minus(Duration.ofDays(ageDays))).step(NOW)).isEqualTo(step);
	}

	/** Two readings of which 10 are known and the row has 3. */
	@ParameterizedTest
	@CsvSource({ "10, 10, DUE, false", "13, 13, DELIVERED, false", "10, 13, PARKED, true", "13, 10, PARKED, true",
			"13, 12, PARKED, true" })
	@Matrix({ 49, 51 })
	void twoReadingsThatAgreeDecide(BigDecimal first, BigDecimal second, Delivery.State state, boolean stops) {
		MeterEventRow once = reading(inDoubtForADay(), first, NOW);

		MeterEventRow twice = reading(once, second, NOW.plus(NextState.READINGS_APART));

		assertThat(once.delivery().state()).isEqualTo(Delivery.State.DUE);
		assertThat(once.delivery().nextAttemptAt()).isEqualTo(NOW.plus(NextState.READINGS_APART));
		assertThat(twice.delivery().state()).isEqualTo(state);
		assertThat(twice.delivery().stopsLane()).isEqualTo(stops);
	}

	@Test
	void whatSummariesLackIsSentAgainWithoutDoubt() {
		MeterEventRow row = inDoubtForADay();
		row = reading(row, BigDecimal.TEN, NOW);
		row = reading(row, BigDecimal.TEN, NOW.plus(NextState.READINGS_APART));

		assertThat(row.delivery().doubt()).isNull();
		assertThat(row.step(NOW.plus(NextState.READINGS_APART))).isEqualTo(MeterEventRow.Step.SEND);
	}

	@Test
	void aReadingThatFitsNothingParksTheRow() {
		MeterEventRow row = reading(inDoubtForADay(), new BigDecimal("11"), NOW);

		assertThat(row.delivery().reason()).isEqualTo(Delivery.IN_DOUBT);
		assertThat(row.delivery().stopsLane()).isTrue();
	}

	@Test
	@Matrix(51)
	void aReadingTooSoonAfterTheFirstDecidesNothing() {
		MeterEventRow once = reading(inDoubtForADay(), BigDecimal.TEN, NOW);

		MeterEventRow tooSoon = reading(once, BigDecimal.TEN, NOW.plusSeconds(60));

		assertThat(tooSoon.delivery().state()).isEqualTo(Delivery.State.DUE);
		assertThat(tooSoon.delivery().doubt()).isNotNull();
		assertThat(tooSoon.delivery().nextAttemptAt()).isEqualTo(NOW.plus(NextState.READINGS_APART));
	}

	/** The process stood still between the answer and its use. */
	@Test
	void aReadingIsAsOldAsItsQuestion() {
		MeterEventRow once = reading(inDoubtForADay(), BigDecimal.TEN, NOW);
		Instant later = NOW.plus(Duration.ofHours(5));

		Delivery next = after(sent(once, NOW.plusSeconds(30)),
				new Finding.Summarised(BigDecimal.TEN, 10, NOW.plusSeconds(30)), later)
			.delivery();

		assertThat(next.state()).isEqualTo(Delivery.State.DUE);
		assertThat(next.doubt()).isNotNull();
	}

	/**
	 * Whatever was delivered, and whichever sign the row has: if Stripe has just that,
	 * the row is not there; if it has the row's value besides, it is; anything else parks
	 * it. Never is what arrived sent again.
	 */
	@Test
	void aRowThatTakesSomethingAwayIsToldFromOneThatDidNotArrive() {
		for (long value = -9; value <= 9; value++) {
			for (long off = -12; off <= 12 && value != 0; off++) {
				MeterEventRow row = worth(value, inDoubtForADay());
				BigDecimal seen = BigDecimal.valueOf(10 + off);
				MeterEventRow first = row.with(after(row, new Finding.Summarised(seen, 10, NOW), NOW).delivery());
				Instant later = NOW.plus(NextState.READINGS_APART);
				Delivery next = first.is(Delivery.State.PARKED) ? first.delivery()
						: after(sent(first, later), new Finding.Summarised(seen, 10, later), later).delivery();

				assertThat(next.state()).as("%d of %d", seen.longValue(), value)
					.isEqualTo((off == value) ? Delivery.State.DELIVERED
							: (off == 0) ? Delivery.State.DUE : Delivery.State.PARKED);
			}
		}
	}

	@Test
	void whatAParkedCorrectionMayHideParksTheRowAndStopsItsLane() {
		Delivery next = after(inDoubtForADay(), new Finding.Clouded(BigDecimal.TEN), NOW).delivery();

		assertThat(next.state()).isEqualTo(Delivery.State.PARKED);
		assertThat(next.reason()).isEqualTo(Delivery.IN_DOUBT);
		assertThat(next.stopsLane()).isTrue();
	}

	@Test
	void summariesThatCannotBeReadLeaveTheDoubtAsItIs() {
		MeterEventRow row = inDoubtForADay();

		Delivery next = after(row, new Finding.NotSummarised("timeout"), NOW).delivery();

		assertThat(next.state()).isEqualTo(Delivery.State.DUE);
		assertThat(next.doubt()).isEqualTo(row.delivery().doubt());
	}

	@Test
	void readingSummariesIsNoAttempt() {
		MeterEventRow row = inDoubtForADay();

		assertThat(row.delivery().lastAttemptAt()).isEqualTo(NOW.minus(Duration.ofDays(1)));
	}

	@Test
	@Matrix(50)
	void whatIsTooOldIsParkedAndLetsItsLaneGoOn() {
		Delivery next = after(sent(Fixtures.row(), NOW), new Finding.Expired(), NOW).delivery();

		assertThat(next.state()).isEqualTo(Delivery.State.PARKED);
		assertThat(next.reason()).isEqualTo(Delivery.TOO_OLD);
		assertThat(next.stopsLane()).isFalse();
	}

	private Duration wait(@Nullable Duration retryAfter) {
		Finding busy = new Finding.Answered(new MeterEventAnswer.Busy("429", retryAfter));
		return Duration.between(NOW, after(sent(Fixtures.row(), NOW), busy, NOW).delivery().nextAttemptAt());
	}

	private MeterEventRow inDoubtForADay() {
		MeterEventRow row = occurred(Fixtures.row(), NOW.minus(Duration.ofDays(2)));
		return sent(unanswered(row, NOW.minus(Duration.ofDays(1))), NOW);
	}

	private static MeterEventRow worth(long value, MeterEventRow row) {
		return new MeterEventRow(row.id(), row.lane(), row.client(), row.epoch(), row.kind(), row.identifier(), value,
				row.fromUnit(), row.toUnit(), row.bucketHour(), row.bucketPeriod(), row.bucketFrom(), row.bucketTo(),
				row.late(), row.occurredAt(), row.successor(), row.replaces(), row.cancels(), row.createdAt(),
				row.delivery());
	}

	private MeterEventRow unanswered(MeterEventRow row, Instant at) {
		MeterEventRow sent = sent(row, at);
		return sent.with(after(sent, new Finding.Answered(new MeterEventAnswer.Unanswered("reset")), at).delivery());
	}

	private MeterEventRow reading(MeterEventRow row, BigDecimal seen, Instant at) {
		MeterEventRow taken = sent(row, at);
		return taken.with(after(taken, new Finding.Summarised(seen, 10, at), at).delivery());
	}

	private NextState after(MeterEventRow row, Finding finding, Instant at) {
		return NextState.after(row, finding, at, this.random);
	}

	private static MeterEventRow sent(MeterEventRow row, Instant at) {
		return row.taken(new Delivery.Hold("ins_1", at.plusSeconds(60)), at);
	}

	private static MeterEventRow occurred(MeterEventRow row, Instant at) {
		return new MeterEventRow(row.id(), row.lane(), row.client(), row.epoch(), row.kind(), row.identifier(),
				row.value(), row.fromUnit(), row.toUnit(), row.bucketHour(), row.bucketPeriod(), row.bucketFrom(),
				row.bucketTo(), row.late(), at, row.successor(), row.replaces(), row.cancels(), row.createdAt(),
				row.delivery());
	}

	private static MeterEventAnswer.Refused refused(MeterEventAnswer.Fault fault) {
		return new MeterEventAnswer.Refused("some_code", "Refused", fault);
	}

}
