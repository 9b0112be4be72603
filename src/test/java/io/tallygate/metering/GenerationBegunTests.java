package io.tallygate.metering;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import io.tallygate.client.Terms;
import io.tallygate.core.ClientId;
import io.tallygate.metering.Counters.Holding;
import io.tallygate.metering.Counters.Total;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** What is said of a Redis that may have lost something. */
class GenerationBegunTests {

	private static final Holding SEEN = new Holding("run2/repl2", "gen_1", "run1/repl1");

	private static final JsonMapper JSON = new JsonMapper();

	@Test
	void whatAgreesIsNoDifference() {
		GenerationBegun begun = GenerationBegun.of(SEEN, List.of(account(1, 700, 3)),
				List.of(new Total(key(1), 500, 2, 200)), List.of());

		assertThat(begun.isRemarkable()).isFalse();
		assertThat(begun.json()).isEqualTo("[]");
	}

	@Test
	void whatRedisLacksIsLessThanNothing() {
		GenerationBegun begun = GenerationBegun.of(SEEN, List.of(account(1, 700, 3)),
				List.of(new Total(key(1), 600, 2, 0)), List.of());

		JsonNode difference = JSON.readTree(begun.json()).get(0);
		assertThat(difference.path("account").asString()).isEqualTo(key(1).text());
		assertThat(difference.path("difference").asLong()).isEqualTo(-100);
		assertThat(difference.path("redis").asLong()).isEqualTo(600);
		assertThat(difference.path("redis_version").asLong()).isEqualTo(2);
		assertThat(difference.path("ledger").asLong()).isEqualTo(700);
		assertThat(difference.path("ledger_version").asLong()).isEqualTo(3);
		assertThat(begun.reason()).contains("that run1/repl1 began", "of 1 accounts", "1 differ", "by 100 thousandths");
	}

	@Test
	void whatThisReplicaHasNotWrittenIsNoDifferenceWhereRedisCountsIt() {
		Terms terms = Exchanges.terms(1000);
		Entry entry = Exchanges.entry(terms, 2, Exchanges.NOON);
		Account account = new Account(entry.account(), 1000, 700, 0, 0, 3);

		GenerationBegun counted = GenerationBegun.of(SEEN, List.of(account),
				List.of(new Total(entry.account(), 700, 3, 2000)), List.of(entry));
		GenerationBegun lost = GenerationBegun.of(SEEN, List.of(account),
				List.of(new Total(entry.account(), 700, 3, 0)), List.of(entry));

		assertThat(counted.differences()).isEmpty();
		assertThat(counted.reason()).contains("1 entries of 2000 thousandths are not written");
		assertThat(lost.differences()).singleElement().matches((difference) -> difference.quantity() == -2000);
	}

	@Test
	void anEmptyRedisIsComparedWithNothing() {
		GenerationBegun begun = GenerationBegun.of(new Holding("run2/repl2", null, null),
				List.of(account(1, 700, 3), account(2, 50, 1)), List.of(), List.of());

		assertThat(begun.isRemarkable()).isTrue();
		assertThat(begun.reason()).contains("holds no counters", "of 2 accounts it does not know 2", "0 differ");
		assertThat(begun.json()).isEqualTo("[]");
	}

	@Test
	void onlySoManyDifferencesAreKeptTheLargestFirstAndAllAreAddedUp() {
		int many = GenerationBegun.DIFFERENCES_MAX + 50;
		List<Account> accounts = IntStream.rangeClosed(1, many).mapToObj((n) -> account(n, 0, 1)).toList();
		List<Total> totals = accounts.stream()
			.map((account) -> new Total(account.key(), number(account.key()), 1, 0))
			.toList();

		GenerationBegun begun = GenerationBegun.of(SEEN, accounts, totals, List.of());

		JsonNode kept = JSON.readTree(begun.json());
		assertThat(kept).hasSize(GenerationBegun.DIFFERENCES_MAX);
		assertThat(kept.get(0).path("difference").asInt()).isEqualTo(many);
		assertThat(begun.reason()).contains("by " + LongStream.rangeClosed(1, many).sum() + " thousandths");
	}

	private static Account account(int number, long total, long version) {
		return new Account(key(number), 1000, total, 0, 0, version);
	}

	private static AccountKey key(int number) {
		return new AccountKey(new ClientId("cli_%026d".formatted(number)), 1);
	}

	private static long number(AccountKey key) {
		return Long.parseLong(key.client().value().substring(4));
	}

}
