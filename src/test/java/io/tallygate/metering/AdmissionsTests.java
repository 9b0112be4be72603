package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import io.tallygate.client.Periods;
import io.tallygate.client.Terms;
import io.tallygate.client.UsagePeriod;
import io.tallygate.core.AgreedClock;
import io.tallygate.core.Ids;
import io.tallygate.metering.Admission.Admitted;
import io.tallygate.metering.Admission.CapReached;
import io.tallygate.metering.Counters.Mark;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Wire;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** How Redis is asked for leave when it does not know at once. */
class AdmissionsTests {

	private final VirtualTimeScheduler scheduler = VirtualTimeScheduler.create();

	private final Terms terms = Exchanges.terms(Exchanges.cap(2));

	private Instant start = Exchanges.NOON;

	private final InstantSource clock = () -> this.start.plusMillis(this.scheduler.now(TimeUnit.MILLISECONDS));

	private final InMemoryRedis redis = new InMemoryRedis(this.clock, Bug.NONE);

	private final Wire wire = new Wire(this.scheduler, () -> 0, this.scheduler, new Random(1), 0);

	private final AgreedClock agreed = new AgreedClock(this.clock, () -> this.scheduler.now(TimeUnit.NANOSECONDS));

	private final Counters counters = this.redis.over(this.wire);

	private Mono<PeriodUsage> used = Mono.empty();

	private RunningTotals totals;

	private Admissions admissions;

	@AfterEach
	void stop() {
		this.totals.stop();
	}

	@Test
	void whatRedisDoesNotKnowPostgresIsAskedOnce() {
		connect();
		int[] asked = new int[1];
		this.used = Mono.fromSupplier(() -> {
			asked[0]++;
			return new PeriodUsage(usage(), 1000, 4);
		});

		assertThat(open()).isInstanceOf(Admitted.class);
		assertThat(open()).isInstanceOf(CapReached.class);
		assertThat(asked[0]).isEqualTo(1);
	}

	@Test
	void whatWasUsedOfARunningPeriodIsNotGuessed() {
		connect();
		this.used = Mono.error(new IllegalStateException("PostgreSQL is away"));

		assertThat(openOrError()).isInstanceOf(IllegalStateException.class);
	}

	@Test
	void aPeriodThatBeganUnderOurEyesNeedsNoPostgres() {
		this.start = Exchanges.MONTHS_END;
		connect();
		this.scheduler.advanceTimeBy(Duration.ofMinutes(2));
		this.used = Mono.never();

		assertThat(open()).isInstanceOf(Admitted.class);
		assertThat(open()).isInstanceOf(Admitted.class);
		assertThat(open()).isInstanceOf(CapReached.class);
	}

	@Test
	void aRefusalIsLookedAtAgainWhileAnEntryIsCountedTwice() {
		connect();
		this.used = Mono.just(PeriodUsage.nothingYet(usage()));
		open();
		Entry entry = Exchanges.entry(this.terms, 1, this.clock.instant());
		Entry message = new Entry(entry.request(), entry.agency(), entry.account(), entry.channel(),
				this.terms.policy().chargeBy(), 1000, entry.occurredAt(), "ins_test", entry.outcome());
		this.counters.marks()
			.subscribe((mark) -> this.totals.submit(new Operation.Strike(mark.account(), mark.request())));
		this.scheduler.advanceTimeBy(Duration.ofSeconds(1));
		this.totals.submit(new Operation.Close(message));
		// PostgreSQL's total has the entry; another's acknowledgement says so first.
		this.used = Mono.just(new PeriodUsage(usage(), 1000, 1));
		this.scheduler.advanceTimeBy(Duration.ofMillis(100));

		var answer = this.admissions.open(mark(), Exchanges.opening(this.terms)).toFuture();
		this.scheduler.advanceTimeBy(Duration.ofMillis(100));
		this.totals.submit(new Operation.Acknowledge(message, 1000, 1, new PeriodUsage(usage(), 1000, 1)));
		this.scheduler.advanceTimeBy(Duration.ofSeconds(1));

		assertThat(answer).isCompletedWithValueMatching(Admitted.class::isInstance);
	}

	@Test
	void aRedisThatIsJustBeingAskedWhoItIsIsWaitedFor() {
		connect();
		this.used = Mono.just(PeriodUsage.nothingYet(usage()));
		this.redis.flush();

		assertThat(open()).isInstanceOf(Admitted.class);
	}

	private void connect() {
		this.totals = new RunningTotals(this.counters, this.agreed, new Ids(this.clock, new Random(2)), this.scheduler);
		Ledger ledger = new Ledger() {

			@Override
			public Mono<List<Posted>> append(List<Entry> entries) {
				return Mono.never();
			}

			@Override
			public Mono<PeriodUsage> used(UsageKey key) {
				return AdmissionsTests.this.used;
			}

			@Override
			public Mono<Void> setAside(Entry entry, String error) {
				return Mono.never();
			}

		};
		LedgerWriter writer = new LedgerWriter(ledger, this.totals, this.scheduler, 100, 1 << 20, Duration.ZERO);
		OccurrenceClock occurrences = new OccurrenceClock(this.agreed);
		this.admissions = new Admissions(this.totals, writer, Periods.UTC_MONTHS, occurrences, this.agreed,
				this.scheduler);
		this.totals.onGeneration((reason, isNew) -> this.admissions.newGeneration());
		this.totals.start();
		this.scheduler.advanceTimeBy(Duration.ofSeconds(1));
		assertThat(this.totals.isAway()).isFalse();
	}

	private UsageKey usage() {
		Instant now = this.clock.instant();
		return new UsageKey(this.terms.client(), this.terms.policy().chargeBy(), UsagePeriod.monthOf(now).start());
	}

	private Admission open() {
		Object answer = openOrError();
		assertThat(answer).isInstanceOf(Admission.class);
		return (Admission) answer;
	}

	private Object openOrError() {
		var answer = this.admissions.open(mark(), Exchanges.opening(this.terms))
			.cast(Object.class)
			.onErrorResume(Mono::just)
			.toFuture();
		this.scheduler.advanceTimeBy(Duration.ofSeconds(1));
		return answer.getNow("no answer");
	}

	private Mark mark() {
		Opening opening = Exchanges.opening(this.terms);
		return new Mark(opening.request().value(), this.terms.agency().value(), new AccountKey(this.terms.client(), 1),
				opening.channel().value(), "ins_test", 1000, this.clock.instant());
	}

}
