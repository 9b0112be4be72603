package io.tallygate.metering;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import io.tallygate.metering.Witness.Remembered;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The running totals and marks in Redis: the port behind which they can be simulated. */
interface Counters {

	/**
	 * Runs operations in one call, each by itself: one that fails leaves the others
	 * applied. Repeating an operation changes nothing.
	 * @param generation what the caller believes Redis to hold; with another generation
	 * nothing is applied
	 * @return one reply an operation, in their order
	 * @throws RuntimeException (as the Mono's error) when no answer came; whether
	 * anything was applied is not known
	 */
	Mono<Replies> run(String generation, List<Operation> operations);

	/**
	 * Which server answers now, and under which generation it counts; fails when none
	 * answers.
	 */
	Mono<Holding> holding();

	/**
	 * Starts a new generation, unless another instance has done so since {@code seen}.
	 * @return what is held afterwards
	 */
	Mono<Holding> begin(String generation, Holding seen);

	/** All marks of exchanges that are open. */
	Flux<Mark> marks();

	/** All entries that PostgreSQL may not have yet. */
	Flux<Pending> pending();

	/** The entries, as they were encoded, that were acknowledged in the last minutes. */
	Flux<String> kept();

	/** Remembers how far writers have come in PostgreSQL. */
	Mono<Void> remember(Map<String, Remembered> writers);

	/** Remembers nothing more of these. */
	Mono<Void> forget(List<String> writers);

	/** How far every writer had come in PostgreSQL, as far as is remembered. */
	Mono<Map<String, Remembered>> remembered();

	/**
	 * Calls {@code listener} whenever a connection was made or lost, or the topology
	 * changed.
	 */
	void onChange(Runnable listener);

	/** One thing to do, for one exchange or account. */
	sealed interface Operation {

		AccountKey account();

		/** Marks an exchange open, unless it is closed already. */
		record Open(Mark mark) implements Operation {

			@Override
			public AccountKey account() {
				return this.mark.account();
			}

		}

		/**
		 * Counts an exchange, strikes its mark and keeps its entry until it is
		 * acknowledged.
		 */
		record Close(Entry entry) implements Operation {

			@Override
			public AccountKey account() {
				return this.entry.account();
			}

		}

		/**
		 * PostgreSQL has the entry: it is no longer pending, and the account's base is at
		 * least this.
		 */
		record Acknowledge(Entry entry, long base, long version) implements Operation {

			@Override
			public AccountKey account() {
				return this.entry.account();
			}

		}

		/**
		 * Keeps an entry that PostgreSQL has and that was never pending here, for a
		 * while: PostgreSQL may lose it.
		 */
		record Keep(Entry entry) implements Operation {

			@Override
			public AccountKey account() {
				return this.entry.account();
			}

		}

		/** Removes the mark of an exchange that is open no more. */
		record Strike(AccountKey account, String request) implements Operation {
		}

	}

	/** What became of one operation. */
	enum Result {

		/** Applied now. */
		APPLIED,
		/** Applied now, although no mark said that the exchange was open. */
		APPLIED_WITHOUT_MARK,
		/** Applied before: nothing was changed. */
		KNOWN,
		/** Redis counts under another generation: nothing was changed. */
		OTHER_GENERATION,
		/** Redis refused it. */
		REFUSED

	}

	/**
	 * One operation's reply.
	 *
	 * @param result what became of it
	 * @param total the account's running total in thousandths where Redis knows its base,
	 * else {@code null}
	 * @param error why it was refused
	 */
	record Reply(Result result, @Nullable Long total, @Nullable String error) {
	}

	/**
	 * The answer to one call.
	 *
	 * @param time by Redis's clock
	 * @param replies one an operation
	 */
	record Replies(Instant time, List<Reply> replies) {
	}

	/**
	 * The mark of an open exchange. It holds its reservation.
	 *
	 * @param request the exchange
	 * @param agency whose client
	 * @param account what it will be charged to
	 * @param channel how it came in
	 * @param instance who relays it
	 * @param reservation the most that it may add, in thousandths
	 * @param openedAt by the instance's clock
	 */
	record Mark(String request, String agency, AccountKey account, String channel, String instance, long reservation,
			Instant openedAt) {
	}

	/**
	 * An entry that Redis keeps.
	 *
	 * @param request the exchange
	 * @param line the entry as it was encoded
	 */
	record Pending(String request, String line) {
	}

	/**
	 * What Redis says of itself.
	 *
	 * @param server run id and replication id of every master, in one text
	 * @param generation under which it counts; {@code null} when it has none, or not
	 * everywhere the same
	 * @param server0 the server that began that generation; {@code null} when there is
	 * none
	 */
	record Holding(String server, @Nullable String generation, @Nullable String server0) {

		/** Whether it is still the server that began its generation. */
		boolean isIntact() {
			return this.generation != null && this.server.equals(this.server0);
		}

	}

}
