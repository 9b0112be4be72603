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

	/** What it says of these accounts, of those that it knows. */
	Flux<Total> totals(List<AccountKey> accounts);

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

		/**
		 * Marks an exchange open, unless it is closed already or its client's limits
		 * refuse it.
		 *
		 * @param mark of the exchange
		 * @param bounds what it must keep to; {@code null} for one that was admitted
		 * before, or whose client has no limits
		 */
		record Open(Mark mark, @Nullable Bounds bounds) implements Operation {

			/** Marks an exchange that nothing refuses. */
			Open(Mark mark) {
				this(mark, null);
			}

			@Override
			public AccountKey account() {
				return this.mark.account();
			}

		}

		/**
		 * Counts an exchange, strikes its mark and keeps its entry until it is
		 * acknowledged.
		 *
		 * @param entry of the exchange
		 * @param tokens what it took of the tokens a minute; {@code null} without such a
		 * limit, or when it is counted again
		 */
		record Close(Entry entry, @Nullable TokenUse tokens) implements Operation {

			/** Counts an exchange whose tokens nobody limits. */
			Close(Entry entry) {
				this(entry, null);
			}

			@Override
			public AccountKey account() {
				return this.entry.account();
			}

		}

		/**
		 * PostgreSQL has the entry: it is no longer pending, and the account's base is at
		 * least this.
		 *
		 * @param entry that was written
		 * @param base the account's total
		 * @param version of that total
		 * @param usage what was used of the entry's period, as far as PostgreSQL said
		 */
		record Acknowledge(Entry entry, long base, long version, @Nullable PeriodUsage usage) implements Operation {

			/** Acknowledges an entry without a word about its period. */
			Acknowledge(Entry entry, long base, long version) {
				this(entry, base, version, null);
			}

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

		/**
		 * PostgreSQL says what an account's base is. Where Redis has one of the same
		 * version or an older one, it is set.
		 *
		 * @param account of which Redis need not know
		 * @param base its total
		 * @param version of that total
		 */
		record Base(AccountKey account, long base, long version) implements Operation {
		}

		/**
		 * Removes the mark of an exchange that is open no more. What its client used is
		 * not known from then on, because the exchange may stand in the ledger.
		 */
		record Strike(AccountKey account, String request) implements Operation {
		}

	}

	/**
	 * What an open must keep to.
	 *
	 * @param cap the hard cap, if there is one
	 * @param requestsPerMinute the rate of requests, if there is one
	 * @param tokensPerMinute the rate of tokens, if there is one
	 * @param tokens the most of them that the exchange may use, not more than the rate
	 */
	record Bounds(@Nullable Cap cap, @Nullable Long requestsPerMinute, @Nullable Long tokensPerMinute, long tokens) {
	}

	/**
	 * A hard cap: an exchange is admitted while used and reserved are less.
	 *
	 * @param usage what it counts
	 * @param hard thousandths
	 * @param known what PostgreSQL says was used; {@code null} when it was not asked
	 */
	record Cap(UsageKey usage, long hard, @Nullable PeriodUsage known) {
	}

	/**
	 * What an exchange took of the tokens a minute.
	 *
	 * @param perMinute the limit
	 * @param reserved when it was opened
	 * @param used in the end
	 */
	record TokenUse(long perMinute, long reserved, long used) {
	}

	/** What became of one operation. */
	enum Result {

		/** Applied now. */
		APPLIED,
		/** Applied now, although no mark said that the exchange was open. */
		APPLIED_WITHOUT_MARK,
		/** Applied before: nothing was changed. */
		KNOWN,
		/** An open was refused: the hard cap is reached. */
		CAP_REACHED,
		/** An open was refused: a rate is used up. */
		RATE_EXCEEDED,
		/** An open was refused: Redis does not know what was used and must be told. */
		USE_UNKNOWN,
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
	 * else {@code null}; of a {@code Base}, the base that it had at the same version
	 * @param error why it was refused
	 * @param standing how the client's limits stood, for an open that had to keep to some
	 */
	record Reply(Result result, @Nullable Long total, @Nullable String error, @Nullable Standing standing) {

		/** A reply that says nothing of limits. */
		Reply(Result result, @Nullable Long total, @Nullable String error) {
			this(result, total, error, null);
		}

	}

	/**
	 * How a client's limits stand. Of a cap, without the exchange that asked; of a rate,
	 * with it.
	 *
	 * @param base what PostgreSQL says was used, in thousandths
	 * @param pending what it may not have yet
	 * @param reserved by marks
	 * @param requests what is taken of the minute's requests ({@link Rate})
	 * @param tokens what is taken of the minute's tokens
	 */
	record Standing(long base, long pending, long reserved, long requests, long tokens) {

		/** What was used. */
		long used() {
			return this.base + this.pending;
		}

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
	 * What Redis says of an account.
	 *
	 * @param account whose
	 * @param base what it was told last that PostgreSQL says, in thousandths
	 * @param version of that
	 * @param pending what it counted and was not told of since
	 */
	record Total(AccountKey account, long base, long version, long pending) {
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
