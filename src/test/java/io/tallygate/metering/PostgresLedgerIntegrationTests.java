package io.tallygate.metering;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

import io.tallygate.client.Terms;
import io.tallygate.fault.Matrix;
import io.tallygate.support.TestServers;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

class PostgresLedgerIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final TestServers.TestDatabase database = TestServers.database();

	private final PostgresLedger ledger = new PostgresLedger(this.database.system(), TestWitness.alone(), "wri_1");

	private final Terms terms = Exchanges.terms(1000);

	@Test
	@Matrix({ 10, 37 })
	void anEntryWrittenTwiceIsCountedOnce() {
		Exchanges.register(this.database, this.terms);
		Entry entry = Exchanges.entry(this.terms, 1500, Exchanges.NOON);

		List<Ledger.Posted> first = this.ledger.append(List.of(entry)).block(PATIENCE);
		List<Ledger.Posted> second = this.ledger.append(List.of(entry, entry)).block(PATIENCE);

		assertThat(first).singleElement().satisfies((posted) -> {
			assertThat(posted.fresh()).isTrue();
			assertThat(posted.totalAfter()).isEqualTo(1_500_000);
			assertThat(posted.account().crossed()).isEqualTo(1);
		});
		assertThat(second).hasSize(2).allSatisfy((posted) -> {
			assertThat(posted.fresh()).isFalse();
			assertThat(posted.account().total()).isEqualTo(1_500_000);
		});
		assertThat(count("select count(*) from ledger")).isEqualTo(1);
	}

	@Test
	@Matrix({ 38, 70 })
	void twoWritersThatSendTheSameEntriesInAnyOrderCountEachOnce() {
		List<Entry> entries = new ArrayList<>();
		List<Terms> clients = List.of(Exchanges.terms(7), Exchanges.terms(1000), Exchanges.terms(333));
		clients.forEach((client) -> Exchanges.register(this.database, client));
		Random random = new Random(42);
		for (int i = 0; i < 300; i++) {
			entries.add(Exchanges.entry(clients.get(i % 3), random.nextInt(3000), Exchanges.NOON.plusSeconds(i)));
		}
		List<List<Entry>> batches = new ArrayList<>();
		for (int writer = 0; writer < 3; writer++) {
			List<Entry> shuffled = new ArrayList<>(entries);
			java.util.Collections.shuffle(shuffled, random);
			for (int from = 0; from < shuffled.size(); from += 25) {
				batches.add(shuffled.subList(from, from + 25));
			}
		}

		StepVerifier
			.create(Flux.fromIterable(batches)
				.flatMap((batch) -> this.ledger.append(batch), 5)
				.subscribeOn(Schedulers.parallel()))
			.expectNextCount(batches.size())
			.expectComplete()
			.verify(PATIENCE);

		assertThat(count("select count(*) from ledger")).isEqualTo(300);
		for (Terms client : clients) {
			String of = " where client_id = '" + client.client() + "'";
			long sum = entries.stream()
				.filter((entry) -> entry.account().client().equals(client.client()))
				.mapToLong(Entry::quantity)
				.sum();
			assertThat(count("select total from account" + of)).isEqualTo(sum)
				.isEqualTo(count("select sum(quantity)::bigint from ledger" + of));
			assertThat(count("select crossed from account" + of)).isEqualTo(sum / client.policy().divisor())
				.isEqualTo(count("select sum(crossed)::bigint from bucket" + of))
				.isEqualTo(count("select sum(units)::bigint from ledger" + of));
		}
	}

	@Test
	void anEntryWithoutAnAccountIsPoisonAndWritesNothing() {
		Exchanges.register(this.database, this.terms);
		Entry good = Exchanges.entry(this.terms, 10, Exchanges.NOON);
		Entry bad = Exchanges.entry(Exchanges.terms(10), 10, Exchanges.NOON);

		StepVerifier.create(this.ledger.append(List.of(good, bad)))
			.expectError(Ledger.PoisonEntry.class)
			.verify(PATIENCE);

		assertThat(count("select count(*) from ledger")).isZero();
		assertThat(count("select total from account where client_id = '" + this.terms.client() + "'")).isZero();
	}

	@Test
	@Matrix(40)
	void aModelNameWithANulByteIsPoisonAndCanBeSetAside() {
		Exchanges.register(this.database, this.terms);
		Entry bad = Exchanges.withModel(Exchanges.entry(this.terms, 10, Exchanges.NOON), "a\0b");

		StepVerifier.create(this.ledger.append(List.of(bad))).expectError(Ledger.PoisonEntry.class).verify(PATIENCE);
		this.ledger.setAside(bad, "because of \0").block(PATIENCE);

		assertThat(count("select count(*) from raw_entry")).isEqualTo(1);
	}

	@Test
	void anExchangeThatIsBeingWrittenIsNotListedAsAnOrphanToo() {
		Exchanges.register(this.database, this.terms);
		Entry entry = Exchanges.entry(this.terms, 10, Exchanges.NOON);
		Counters.Mark mark = new Counters.Mark(entry.request().value(), entry.agency().value(), entry.account(),
				entry.channel().value(), "ins_dead", 1000, Exchanges.NOON);
		Sinks.Empty<Void> commit = Sinks.empty();
		CompletableFuture<Void> writing = this.database.system()
			.transactions()
			.transactional(execute("select total from account for update")
				.then(execute("""
						insert into ledger (id, request_id, agency_id, client_id, epoch, status, quantity, charge_by,
						  total_before, total_after, units, occurred_at)
						values ('%s', '%s', '%s', '%s', 1, 'billed', 0, 'tokens', 0, 0, 0, now())"""
					.formatted(entry.ledgerId(), entry.request(), entry.agency(), this.terms.client())))
				.then(commit.asMono()))
			.toFuture();
		Wait.until("line that is not committed", 10, () -> locks("granted and mode = 'RowExclusiveLock'") > 0);

		CompletableFuture<Boolean> listing = new PostgresInstances(this.database.system()).orphan(mark).toFuture();
		Wait.until("writer's end waited for, or not", 10, () -> listing.isDone() || locks("not granted") > 0);
		commit.tryEmitEmpty();
		writing.join();

		assertThat(listing.join()).isFalse();
		assertThat(count("select count(*) from orphan")).isZero();
	}

	private long locks(String which) {
		return count(
				"select count(*) from pg_locks join pg_stat_activity using (pid) where datname = current_database()"
						+ " and pid <> pg_backend_pid() and " + which);
	}

	private Mono<Void> execute(String sql) {
		return this.database.system().client().sql(sql).then();
	}

	private long count(String sql) {
		return this.database.system().client().sql(sql).mapValue(Long.class).one().block(PATIENCE);
	}

}
