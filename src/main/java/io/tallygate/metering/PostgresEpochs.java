package io.tallygate.metering;

import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import io.r2dbc.spi.Readable;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;

/**
 * Closes an epoch in one transaction: both accounts are locked, the remainder is decided
 * ({@link Remainder}) and shown as lines of its own, and what the next epoch completes by
 * it is credited to the current hour.
 */
class PostgresEpochs implements Epochs {

	private static final String ENDED = """
			select e.client_id, e.epoch
			from epoch e join account a on a.client_id = e.client_id and a.epoch = e.epoch
			where e.superseded_at is not null and (e.closed_at is null or mod(a.total, a.divisor) <> 0)
			order by e.client_id, e.epoch
			limit 1000
			""";

	private static final String MARKED = """
			select distinct client_id, epoch from open_exchange
			where (client_id, epoch) in (select * from unnest(:clients::text[], :epochs::integer[]))
			""";

	private static final String LOCK = """
			select a.client_id, a.epoch, a.divisor, a.total, a.crossed, a.cut, a.version, a.agency_id,
			  e.charge_by, e.closed_at is not null as closed, e.on_close = 'round_up' as rounds,
			  (n.charge_by = e.charge_by and n.divisor = e.divisor and n.weight_input = e.weight_input
			    and n.weight_cached_input = e.weight_cached_input and n.weight_cache_write = e.weight_cache_write
			    and n.weight_output = e.weight_output and n.weight_reasoning = e.weight_reasoning) is true as carries
			from account a
			join epoch e on e.client_id = a.client_id and e.epoch = a.epoch
			left join epoch n on n.client_id = e.client_id and n.epoch = e.epoch + 1
			where a.client_id = :client and a.epoch in (:epoch, :epoch + 1)
			order by a.client_id, a.epoch
			for update of a
			""";

	private static final String LINE = """
			insert into ledger (id, kind, agency_id, client_id, epoch, status, quantity, charge_by, total_before,
			  total_after, units, occurred_at, note)
			values (:id, :kind, :agency, :client, :epoch, 'billed', :quantity, :chargeBy, :before, :after, :units, :at,
			  :note)
			""";

	private static final String RAISE = """
			update account set total = :total, crossed = :crossed, version = version + 1
			where client_id = :client and epoch = :epoch
			""";

	private static final String CREDIT = """
			insert into bucket (client_id, epoch, hour, agency_id, crossed, last_crossing_at)
			values (:client, :epoch, :hour, :agency, :units, :at)
			on conflict (client_id, epoch, hour, period_start) do update
			  set crossed = bucket.crossed + excluded.crossed,
			      last_crossing_at = greatest(bucket.last_crossing_at, excluded.last_crossing_at)
			""";

	private static final String CLOSED = """
			update epoch set closed_at = coalesce(closed_at, now()) where client_id = :client and epoch = :epoch
			""";

	private final Database.OfSystem database;

	private final Ids ids;

	private final InstantSource clock;

	PostgresEpochs(Database.OfSystem database, Ids ids, InstantSource clock) {
		this.database = database;
		this.ids = ids;
		this.clock = clock;
	}

	private record Locked(Account account, String agency, String chargeBy, boolean closed, boolean rounds,
			boolean carries) {
	}

	@Override
	public Mono<List<AccountKey>> ended() {
		return client().sql(ENDED).map(PostgresEpochs::key).all().collectList();
	}

	@Override
	public Mono<Set<AccountKey>> markedOpen(List<AccountKey> accounts) {
		return client().sql(MARKED)
			.bind("clients", accounts.stream().map((account) -> account.client().value()).toArray(String[]::new))
			.bind("epochs", accounts.stream().map(AccountKey::epoch).toArray(Integer[]::new))
			.map(PostgresEpochs::key)
			.all()
			.collect(Collectors.toSet());
	}

	@Override
	public Mono<Void> close(AccountKey key) {
		Mono<Void> work = client().sql(LOCK)
			.bind("client", key.client().value())
			.bind("epoch", key.epoch())
			.map(PostgresEpochs::locked)
			.all()
			.collectList()
			.flatMap((locked) -> close(locked))
			.then(client().sql(CLOSED).bind("client", key.client().value()).bind("epoch", key.epoch()).then());
		return Uncancelled.of(this.database.transactions().transactional(work));
	}

	private Mono<Void> close(List<Locked> accounts) {
		Locked ended = accounts.get(0);
		boolean hasNext = accounts.size() > 1;
		Remainder remainder = Remainder.of(ended.account(), hasNext && ended.carries(),
				ended.rounds() && !ended.closed());
		return switch (remainder.kind()) {
			case NONE -> Mono.empty();
			case DROP, ROUND_UP -> post(ended, remainder.kind(), remainder.old());
			case CARRY -> post(ended, remainder.kind(), remainder.old())
				.then(post(accounts.get(1), remainder.kind(), remainder.next()));
		};
	}

	private Mono<Void> post(Locked locked, Remainder.Kind kind, long quantity) {
		Account before = locked.account();
		Account after = before.plus(quantity);
		long units = after.crossed() - before.crossed();
		Instant at = this.clock.instant().truncatedTo(ChronoUnit.MICROS);
		Mono<Void> line = of(LINE, before.key()).bind("id", this.ids.next("led_"))
			.bind("kind", kind.name().toLowerCase(java.util.Locale.ROOT))
			.bind("agency", locked.agency())
			.bind("quantity", quantity)
			.bind("chargeBy", locked.chargeBy())
			.bind("before", before.total())
			.bind("after", after.total())
			.bind("units", units)
			.bind("at", at.atOffset(ZoneOffset.UTC))
			.bind("note",
					"remainder of epoch " + ((quantity > 0 && kind == Remainder.Kind.CARRY) ? before.key().epoch() - 1
							: before.key().epoch()))
			.then();
		Mono<Void> raise = of(RAISE, before.key()).bind("total", after.total()).bind("crossed", after.crossed()).then();
		Mono<Void> credit = (units == 0) ? Mono.empty()
				: of(CREDIT, before.key()).bind("hour", at.truncatedTo(ChronoUnit.HOURS).atOffset(ZoneOffset.UTC))
					.bind("agency", locked.agency())
					.bind("units", units)
					.bind("at", at.atOffset(ZoneOffset.UTC))
					.then();
		return line.then(raise).then(credit);
	}

	private DatabaseClient.GenericExecuteSpec of(String sql, AccountKey key) {
		return client().sql(sql).bind("client", key.client().value()).bind("epoch", key.epoch());
	}

	private DatabaseClient client() {
		return this.database.client();
	}

	private static AccountKey key(Readable row) {
		return new AccountKey(new ClientId(Row.text(row, "client_id")), Row.get(row, "epoch", Integer.class));
	}

	private static Locked locked(Readable row) {
		return new Locked(PostgresLedger.account(row), Row.text(row, "agency_id"), Row.text(row, "charge_by"),
				is(row, "closed"), is(row, "rounds"), is(row, "carries"));
	}

	private static boolean is(Readable row, String column) {
		return Boolean.TRUE.equals(row.get(column, Boolean.class));
	}

}
