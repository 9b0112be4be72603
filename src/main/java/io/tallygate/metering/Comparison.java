package io.tallygate.metering;

import java.util.ArrayList;
import java.util.List;

import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.Result;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Holds what Redis says of accounts against PostgreSQL, some accounts a round, and sets
 * right what is not: a base that is older, because its acknowledgement was lost or
 * PostgreSQL changed without us; and one that differs at the same version, which must
 * never be, and is told.
 */
class Comparison {

	private static final Logger logger = LoggerFactory.getLogger(Comparison.class);

	private static final int ACCOUNTS_A_ROUND = 10_000;

	private static final int PAGE = 1000;

	private final Accounts accounts;

	private final RunningTotals totals;

	private final MeteringMetrics metrics;

	private @Nullable AccountKey last;

	private final Drift drift = new Drift();

	Comparison(Accounts accounts, RunningTotals totals, MeteringMetrics metrics) {
		this.accounts = accounts;
		this.totals = totals;
		this.metrics = metrics;
	}

	/** One round; goes on where the one before ended, and begins anew after the last. */
	Mono<Void> round() {
		if (this.totals.isAway()) {
			return Mono.empty();
		}
		return page().expand((page) -> (page.size() < PAGE) ? Mono.empty() : page())
			.take(ACCOUNTS_A_ROUND / PAGE)
			.then();
	}

	private Mono<List<Account>> page() {
		return Mono.defer(() -> this.accounts.list(this.last, PAGE).collectList())
			.flatMap((page) -> compared(page).then(Mono.fromRunnable(() -> goOn(page))).thenReturn(page));
	}

	private void goOn(List<Account> page) {
		boolean isLast = page.size() < PAGE;
		this.last = isLast ? null : page.get(page.size() - 1).key();
		if (isLast) {
			this.metrics.drift(this.drift.end());
		}
	}

	private Mono<Void> compared(List<Account> page) {
		return Flux.fromIterable(page)
			.flatMap((account) -> this.totals
				.submit(new Operation.Base(account.key(), account.total(), account.version()))
				.doOnNext((reply) -> judge(account, reply)))
			.then();
	}

	private void judge(Account account, Reply reply) {
		Long base = reply.total();
		if (reply.result() == Result.APPLIED) {
			this.metrics.baseWasBehind();
		}
		else if (reply.result() == Result.KNOWN && base != null && base != account.total()) {
			this.drift.add(account.total() - base);
			logger.error("Redis said that {} had come to {} at version {}, and the ledger says {}: it was set right",
					account.key().text(), base, account.version(), account.total());
		}
	}

	/** What was found since the accounts were begun with. */
	private static final class Drift {

		private final List<Long> found = new ArrayList<>();

		synchronized void add(long thousandths) {
			this.found.add(Math.abs(thousandths));
		}

		synchronized long end() {
			long sum = this.found.stream().mapToLong(Long::longValue).sum();
			this.found.clear();
			return sum;
		}

	}

}
