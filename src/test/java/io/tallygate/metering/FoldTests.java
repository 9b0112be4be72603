package io.tallygate.metering;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.tallygate.client.Terms;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class FoldTests {

	private final Terms terms = Exchanges.terms(1000);

	private final AccountKey key = new AccountKey(this.terms.client(), 1);

	@ParameterizedTest
	@CsvSource({ "999,0", "1000,1", "1001,1", "3500,3", "0,0" })
	void aUnitIsCrossedWhenTheCountReachesTheBillingUnit(long tokens, long units) {
		Fold fold = Fold.of(Map.of(this.key, empty(1_000_000)),
				List.of(Exchanges.entry(this.terms, tokens, Exchanges.NOON)));

		assertThat(account(fold).crossed()).isEqualTo(units);
		assertThat(account(fold).total()).isEqualTo(tokens * 1000);
	}

	@Test
	void crossingsAreCreditedToTheHourInWhichTheyOccurred() {
		Entry before = Exchanges.entry(this.terms, 1500, Exchanges.NOON.minusSeconds(1));
		Entry after = Exchanges.entry(this.terms, 600, Exchanges.NOON);

		Fold fold = Fold.of(Map.of(this.key, empty(1_000_000)), List.of(after, before));

		assertThat(fold.credits()).containsOnly(
				Map.entry(new Fold.BucketKey(this.key, Exchanges.NOON.minus(Duration.ofHours(1))),
						new Fold.Credit(1, Exchanges.NOON.minusSeconds(1))),
				Map.entry(new Fold.BucketKey(this.key, Exchanges.NOON), new Fold.Credit(1, Exchanges.NOON)));
	}

	@Test
	void anEntryOfAnUnknownAccountIsRefused() {
		assertThatThrownBy(() -> Fold.of(Map.of(), List.of(Exchanges.entry(this.terms, 1, Exchanges.NOON))))
			.hasMessageContaining(this.key.text());
	}

	@Test
	void aTotalThatWouldLeaveTheRangeIsRefused() {
		Account full = new Account(this.key, 1_000_000, Long.MAX_VALUE - 10, Long.MAX_VALUE / 1_000_000, 0, 7);

		assertThatThrownBy(
				() -> Fold.of(Map.of(this.key, full), List.of(Exchanges.entry(this.terms, 1, Exchanges.NOON))))
			.isInstanceOf(ArithmeticException.class);
	}

	@Property(tries = 500)
	void howeverEntriesAreBatchedTheAccountIsTheSame(
			@ForAll @Size(min = 1, max = 40) List<@IntRange(max = 5000) Integer> tokens,
			@ForAll @LongRange(min = 1, max = 3000) long billingUnit, @ForAll long seed) {
		Random random = new Random(seed);
		List<Entry> entries = new ArrayList<>();
		for (int count : tokens) {
			entries.add(Exchanges.entry(this.terms, count, Exchanges.NOON.plusSeconds(random.nextInt(10_000))));
		}
		Map<AccountKey, Account> once = Fold.of(Map.of(this.key, empty(billingUnit * 1000)), entries).accounts();

		Map<AccountKey, Account> accounts = Map.of(this.key, empty(billingUnit * 1000));
		Collections.shuffle(entries, random);
		long credited = 0;
		for (int from = 0; from < entries.size();) {
			int to = Math.min(entries.size(), from + 1 + random.nextInt(5));
			Fold fold = Fold.of(accounts, entries.subList(from, to));
			credited += fold.credits().values().stream().mapToLong(Fold.Credit::units).sum();
			accounts = fold.accounts();
			from = to;
		}

		Account batched = accounts.get(this.key);
		assertThat(batched.total()).isEqualTo(once.get(this.key).total());
		assertThat(batched.crossed()).isEqualTo(once.get(this.key).crossed())
			.isEqualTo(batched.total() / batched.divisor())
			.isEqualTo(credited);
	}

	@Property(tries = 200)
	void everyLineStandsWhereTheOneBeforeEnded(
			@ForAll @Size(min = 1, max = 30) List<@IntRange(max = 5000) Integer> tokens) {
		List<Entry> entries = tokens.stream()
			.map((count) -> Exchanges.entry(this.terms, count, Exchanges.NOON.plusMillis(count)))
			.toList();

		long total = 0;
		for (Fold.Line line : Fold.of(Map.of(this.key, empty(1_000_000)), entries).lines()) {
			assertThat(line.totalBefore()).isEqualTo(total);
			total = line.totalAfter();
			assertThat(total - line.totalBefore()).isEqualTo(line.entry().quantity());
		}
	}

	private Account empty(long divisor) {
		return new Account(this.key, divisor, 0, 0, 0, 0);
	}

	private Account account(Fold fold) {
		return fold.accounts().get(this.key);
	}

}
