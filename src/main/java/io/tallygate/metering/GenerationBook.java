package io.tallygate.metering;

import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

import io.tallygate.core.Uncancelled;
import io.tallygate.metering.Counters.Holding;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Writes down what Redis says before another generation begins, because from then on it
 * is told what is right and nobody can see any more what it had lost: in the log, and in
 * PostgreSQL where that is there.
 */
class GenerationBook {

	private static final Logger logger = LoggerFactory.getLogger(GenerationBook.class);

	/**
	 * Accounts that are compared. Redis counts as away meanwhile, and all are compared in
	 * the rounds afterwards.
	 */
	static final int ACCOUNTS_MAX = 10_000;

	private static final int PAGE = 1000;

	private final Accounts accounts;

	private final Counters counters;

	private final Supplier<Collection<Entry>> unwritten;

	private final Generations generations;

	/**
	 * @param unwritten what this replica holds and PostgreSQL does not have
	 */
	GenerationBook(Accounts accounts, Counters counters, Supplier<Collection<Entry>> unwritten,
			Generations generations) {
		this.accounts = accounts;
		this.counters = counters;
		this.unwritten = unwritten;
		this.generations = generations;
	}

	/**
	 * Compares and keeps what is found of the Redis that was seen so. Who cancels this
	 * gets nothing that was read too late.
	 */
	Mono<Void> write(Holding seen) {
		return accounts().collectList()
			.flatMap((accounts) -> Flux.fromIterable(accounts)
				.map(Account::key)
				.buffer(PAGE)
				.concatMap(this.counters::totals)
				.collectList()
				.map((totals) -> GenerationBegun.of(seen, accounts, totals, this.unwritten.get())))
			.doOnNext(GenerationBook::tell)
			.flatMap(this.generations::write);
	}

	private Flux<Account> accounts() {
		return page(null).expand((page) -> (page.size() < PAGE) ? Mono.empty() : page(page.get(page.size() - 1).key()))
			.take(ACCOUNTS_MAX / PAGE)
			.flatMapIterable((page) -> page);
	}

	private Mono<List<Account>> page(@Nullable AccountKey after) {
		return Uncancelled.of(this.accounts.list(after, PAGE).collectList());
	}

	private static void tell(GenerationBegun begun) {
		if (begun.isRemarkable()) {
			logger.warn("{} (table counter_generation)", begun.reason());
		}
	}

}
