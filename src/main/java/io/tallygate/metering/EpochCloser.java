package io.tallygate.metering;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Closes epochs that were superseded, once no mark and no pending entry names them: a
 * request keeps the epoch that it opened with, however long it runs.
 */
class EpochCloser {

	private static final Logger logger = LoggerFactory.getLogger(EpochCloser.class);

	private final Epochs epochs;

	private final Counters counters;

	private final RunningTotals totals;

	EpochCloser(Epochs epochs, Counters counters, RunningTotals totals) {
		this.epochs = epochs;
		this.counters = counters;
		this.totals = totals;
	}

	/** One round. Waits for Redis to be there: without it nobody knows what is open. */
	Mono<Void> closeEnded() {
		if (this.totals.isAway()) {
			return Mono.empty();
		}
		return this.epochs.ended().filter((ended) -> !ended.isEmpty()).flatMap(this::closeIdle);
	}

	private Mono<Void> closeIdle(List<AccountKey> ended) {
		return busy(ended).flatMapMany((busy) -> Flux.fromIterable(ended).filter((account) -> !busy.contains(account)))
			.concatMap((account) -> this.epochs.close(account)
				.doOnSuccess((done) -> logger.info("Epoch {} of {} is closed", account.epoch(), account.client())))
			.then();
	}

	private Mono<Set<AccountKey>> busy(List<AccountKey> ended) {
		Flux<AccountKey> marked = this.counters.marks().map(Counters.Mark::account);
		Flux<AccountKey> pending = this.counters.pending().map((held) -> Entry.decode(held.line()).account());
		Flux<AccountKey> opened = this.epochs.markedOpen(ended).flatMapIterable((accounts) -> accounts);
		return Flux.concat(marked, pending, opened).collect(HashSet<AccountKey>::new, Set::add).map((busy) -> busy);
	}

}
