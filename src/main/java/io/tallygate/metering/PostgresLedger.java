package io.tallygate.metering;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

import io.r2dbc.spi.R2dbcDataIntegrityViolationException;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Readable;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.ProviderId;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.r2dbc.core.DatabaseClient;

/**
 * Writes a batch of entries in one transaction:
 * <ol>
 * <li>their accounts are locked, always in the same order;</li>
 * <li>entries that stand in the ledger already are left out: no other transaction can add
 * them now;</li>
 * <li>the rest is folded ({@link Fold});</li>
 * <li>lines, accounts and buckets are written; open rows go, orphans that turned up are
 * superseded.</li>
 * </ol>
 */
class PostgresLedger implements Ledger {

	private static final String LOCK_ACCOUNTS = """
			select a.client_id, a.epoch, a.divisor, a.total, a.crossed, a.cut, a.version
			from account a
			join unnest(:clients::text[], :epochs::integer[]) as wanted (client_id, epoch)
			  on a.client_id = wanted.client_id and a.epoch = wanted.epoch
			order by a.client_id, a.epoch
			for update of a
			""";

	private static final String KNOWN = "select id from ledger where id = any(:ids::text[])";

	private static final String INSERT_LINES = """
			insert into ledger (id, request_id, agency_id, client_id, epoch, channel_id, provider_id, model, api, status,
			  input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, total_tokens,
			  messages, quantity, charge_by, total_before, total_after, units, occurred_at, http_status, streamed,
			  client_disconnected, provider_request_id, duration_ms, ttft_ms, instance)
			select * from unnest(:id::text[], :request::text[], :agency::text[], :client::text[], :epoch::integer[],
			  :channel::text[], :provider::text[], :model::text[], :api::text[], :status::text[], :input::bigint[],
			  :cached::bigint[], :written::bigint[], :output::bigint[], :reasoning::bigint[], :total::bigint[],
			  :messages::smallint[], :quantity::bigint[], :chargeBy::text[], :before::bigint[], :after::bigint[],
			  :units::bigint[], :occurredAt::timestamptz[], :httpStatus::integer[], :streamed::boolean[],
			  :disconnected::boolean[], :providerRequest::text[], :duration::bigint[], :ttft::bigint[],
			  :instance::text[])
			""";

	private static final String RAISE_ACCOUNTS = """
			update account a set total = r.total, crossed = r.crossed, version = r.version
			from unnest(:clients::text[], :epochs::integer[], :totals::bigint[], :crossed::bigint[], :versions::bigint[])
			  as r (client_id, epoch, total, crossed, version)
			where a.client_id = r.client_id and a.epoch = r.epoch
			""";

	private static final String CREDIT_BUCKETS = """
			insert into bucket (client_id, epoch, hour, agency_id, crossed, last_crossing_at)
			select c.client_id, c.epoch, c.hour, a.agency_id, c.units, c.last_crossing_at
			from unnest(:clients::text[], :epochs::integer[], :hours::timestamptz[], :units::bigint[],
			  :lasts::timestamptz[]) as c (client_id, epoch, hour, units, last_crossing_at)
			join account a on a.client_id = c.client_id and a.epoch = c.epoch
			order by c.client_id, c.epoch, c.hour
			on conflict (client_id, epoch, hour, period_start) do update
			  set crossed = bucket.crossed + excluded.crossed,
			      last_crossing_at = greatest(bucket.last_crossing_at, excluded.last_crossing_at)
			""";

	private static final String CLOSE_MARKS = """
			with gone as (delete from open_exchange where request_id = any(:requests::text[]))
			update orphan set superseded_at = now() where request_id = any(:requests::text[]) and superseded_at is null
			""";

	private static final String SET_ASIDE = "insert into raw_entry (entry, error) values (:entry, :error)";

	private final Database.OfSystem database;

	private final Witness witness;

	private final String writer;

	/**
	 * @param writer under which the witness knows this ledger's commits
	 */
	PostgresLedger(Database.OfSystem database, Witness witness, String writer) {
		this.database = database;
		this.witness = witness;
		this.writer = writer;
	}

	@Override
	public Mono<List<Posted>> append(List<Entry> entries) {
		Mono<List<Posted>> work = lockAccounts(entries)
			.flatMap((accounts) -> known(entries).flatMap((known) -> post(accounts, known, entries)));
		return this.witness.transactional(this.database, this.writer, work)
			.onErrorMap(PostgresLedger::isPoison, (ex) -> new PoisonEntry(String.valueOf(ex.getMessage()), ex));
	}

	@Override
	public Mono<Void> setAside(Entry entry, String error) {
		return Uncancelled
			.of(client().sql(SET_ASIDE).bind("entry", legible(entry.encode())).bind("error", legible(error)).then());
	}

	/**
	 * PostgreSQL's text has no NUL, and the table for what is refused must refuse
	 * nothing.
	 */
	private static String legible(String text) {
		return text.replace("\0", "\\0");
	}

	private Mono<Map<AccountKey, Account>> lockAccounts(List<Entry> entries) {
		List<AccountKey> keys = entries.stream().map(Entry::account).distinct().sorted().toList();
		return client().sql(LOCK_ACCOUNTS)
			.bind("clients", texts(keys, (key) -> key.client().value()))
			.bind("epochs", integers(keys, AccountKey::epoch))
			.map(PostgresLedger::account)
			.all()
			.collect(Collectors.toMap(Account::key, Function.identity()));
	}

	private Mono<Set<String>> known(List<Entry> entries) {
		return client().sql(KNOWN)
			.bind("ids", texts(entries, Entry::ledgerId))
			.mapValue(String.class)
			.all()
			.collect(Collectors.toSet());
	}

	private Mono<List<Posted>> post(Map<AccountKey, Account> accounts, Set<String> known, List<Entry> entries) {
		Map<String, Entry> fresh = new LinkedHashMap<>();
		entries.stream()
			.filter((entry) -> !known.contains(entry.ledgerId()))
			.forEach((entry) -> fresh.putIfAbsent(entry.ledgerId(), entry));
		Fold fold = Fold.of(accounts, fresh.values());
		List<Posted> posted = posted(fold, entries);
		Mono<Void> marks = closeMarks(entries);
		if (fresh.isEmpty()) {
			return marks.thenReturn(posted);
		}
		return insertLines(fold.lines()).then(raiseAccounts(fold.accounts().values()))
			.then(creditBuckets(fold.credits()))
			.then(marks)
			.thenReturn(posted);
	}

	private static List<Posted> posted(Fold fold, List<Entry> entries) {
		Map<String, Fold.Line> lines = fold.lines()
			.stream()
			.collect(Collectors.toMap((line) -> line.entry().ledgerId(), Function.identity()));
		return entries.stream().map((entry) -> {
			Account account = fold.accounts().get(entry.account());
			if (account == null) {
				throw new IllegalArgumentException("There is no account " + entry.account().text());
			}
			Fold.Line line = lines.remove(entry.ledgerId());
			return (line != null) ? new Posted(entry, true, line.totalBefore(), line.totalAfter(), account)
					: new Posted(entry, false, 0, 0, account);
		}).toList();
	}

	private Mono<Void> insertLines(List<Fold.Line> lines) {
		Columns<Fold.Line> columns = new Columns<>(client().sql(INSERT_LINES), lines);
		return columns.text("id", (line) -> line.entry().ledgerId())
			.text("request", (line) -> line.entry().request().value())
			.text("agency", (line) -> line.entry().agency().value())
			.text("client", (line) -> line.entry().account().client().value())
			.integer("epoch", (line) -> line.entry().account().epoch())
			.text("channel", (line) -> line.entry().channel().value())
			.text("provider", PostgresLedger::provider)
			.text("model", (line) -> outcome(line).model())
			.text("api", (line) -> outcome(line).api())
			.text("status", (line) -> outcome(line).status().text())
			.bigint("input", (line) -> usage(line, Usage::input))
			.bigint("cached", (line) -> usage(line, Usage::cachedInput))
			.bigint("written", (line) -> usage(line, Usage::cacheWrite))
			.bigint("output", (line) -> usage(line, Usage::output))
			.bigint("reasoning", (line) -> usage(line, Usage::reasoning))
			.bigint("total", (line) -> usage(line, Usage::totalTokens))
			.integer("messages", (line) -> outcome(line).messages())
			.bigint("quantity", (line) -> line.entry().quantity())
			.text("chargeBy", (line) -> line.entry().chargeBy().text())
			.bigint("before", Fold.Line::totalBefore)
			.bigint("after", Fold.Line::totalAfter)
			.bigint("units", Fold.Line::units)
			.time("occurredAt", (line) -> line.entry().occurredAt())
			.integer("httpStatus", (line) -> outcome(line).httpStatus())
			.bool("streamed", (line) -> outcome(line).streamed())
			.bool("disconnected", (line) -> outcome(line).clientDisconnected())
			.text("providerRequest", (line) -> outcome(line).providerRequestId())
			.bigint("duration", (line) -> outcome(line).durationMs())
			.bigint("ttft", (line) -> outcome(line).ttftMs())
			.text("instance", (line) -> line.entry().instance())
			.run();
	}

	private Mono<Void> raiseAccounts(Collection<Account> accounts) {
		return new Columns<>(client().sql(RAISE_ACCOUNTS), accounts)
			.text("clients", (account) -> account.key().client().value())
			.integer("epochs", (account) -> account.key().epoch())
			.bigint("totals", Account::total)
			.bigint("crossed", Account::crossed)
			.bigint("versions", Account::version)
			.run();
	}

	private Mono<Void> creditBuckets(Map<Fold.BucketKey, Fold.Credit> credits) {
		if (credits.isEmpty()) {
			return Mono.empty();
		}
		return new Columns<>(client().sql(CREDIT_BUCKETS), credits.entrySet())
			.text("clients", (credit) -> credit.getKey().account().client().value())
			.integer("epochs", (credit) -> credit.getKey().account().epoch())
			.time("hours", (credit) -> credit.getKey().hour())
			.bigint("units", (credit) -> credit.getValue().units())
			.time("lasts", (credit) -> credit.getValue().lastCrossingAt())
			.run();
	}

	private Mono<Void> closeMarks(List<Entry> entries) {
		return client().sql(CLOSE_MARKS).bind("requests", texts(entries, (entry) -> entry.request().value())).then();
	}

	private DatabaseClient client() {
		return this.database.client();
	}

	private static Outcome outcome(Fold.Line line) {
		return line.entry().outcome();
	}

	private static @Nullable Long usage(Fold.Line line, Function<Usage, @Nullable Long> part) {
		Usage usage = outcome(line).usage();
		return (usage != null) ? part.apply(usage) : null;
	}

	private static @Nullable String provider(Fold.Line line) {
		ProviderId provider = outcome(line).provider();
		return (provider != null) ? provider.value() : null;
	}

	static Account account(Readable row) {
		return new Account(
				new AccountKey(new ClientId(Row.text(row, "client_id")), Row.get(row, "epoch", Integer.class)),
				Row.number(row, "divisor"), Row.number(row, "total"), Row.number(row, "crossed"),
				Row.number(row, "cut"), Row.number(row, "version"));
	}

	/**
	 * Data that PostgreSQL or our arithmetic refuses for itself; all else (connections,
	 * locks, time) may pass.
	 */
	private static boolean isPoison(Throwable error) {
		if (error instanceof ArithmeticException || error instanceof IllegalArgumentException
				|| error instanceof DataIntegrityViolationException
				|| error instanceof R2dbcDataIntegrityViolationException) {
			return true;
		}
		for (Throwable cause = error; cause != null; cause = cause.getCause()) {
			if (cause instanceof R2dbcException database && database.getSqlState() != null
					&& (database.getSqlState().startsWith("22") || database.getSqlState().startsWith("23"))) {
				return true;
			}
		}
		return false;
	}

	private static <T> String[] texts(Collection<T> rows, Function<T, String> column) {
		return rows.stream().map(column).toArray(String[]::new);
	}

	private static <T> Integer[] integers(Collection<T> rows, Function<T, Integer> column) {
		return rows.stream().map(column).toArray(Integer[]::new);
	}

}
