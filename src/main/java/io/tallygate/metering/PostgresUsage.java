package io.tallygate.metering;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

import io.r2dbc.spi.Readable;
import io.tallygate.client.ChargeBy;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import reactor.core.publisher.Mono;

/**
 * Reads what clients used of their periods. The rows are raised by the ledger's lines
 * themselves, in PostgreSQL; the only thing that is written here is when a soft cap was
 * reached.
 */
class PostgresUsage {

	/**
	 * Only the rows of new lines are touched, which are ours already. A soft cap counts
	 * what the client is charged by now.
	 */
	private static final String USED = """
			with reached as (
			  update usage_period u set soft_reached_at = now()
			  from unnest(:freshClients::text[], :freshChargeBys::text[], :freshPeriods::timestamptz[])
			      as fresh (client_id, charge_by, period_start),
			    client c join epoch e on e.client_id = c.id and e.epoch = c.epoch
			  where u.client_id = fresh.client_id and u.charge_by = fresh.charge_by
			    and u.period_start = fresh.period_start and u.soft_reached_at is null
			    and c.id = u.client_id and c.cap_soft <= u.quantity and e.charge_by = u.charge_by
			  returning u.client_id, u.charge_by, u.period_start
			)
			select u.client_id, u.charge_by, u.period_start, u.quantity, u.version, r.client_id is not null as reached
			from unnest(:clients::text[], :chargeBys::text[], :periods::timestamptz[])
			  as wanted (client_id, charge_by, period_start)
			join usage_period u on u.client_id = wanted.client_id and u.charge_by = wanted.charge_by
			  and u.period_start = wanted.period_start
			left join reached r on r.client_id = u.client_id and r.charge_by = u.charge_by
			  and r.period_start = u.period_start
			""";

	private static final String USED_OF = """
			select quantity, version from usage_period
			where client_id = :client and charge_by = :chargeBy and period_start = :period
			""";

	private final Database.OfSystem database;

	PostgresUsage(Database.OfSystem database) {
		this.database = database;
	}

	/** What was used of a period, all that is committed. */
	Mono<PeriodUsage> of(UsageKey key) {
		Mono<PeriodUsage> read = this.database.client()
			.sql(USED_OF)
			.bind("client", key.client().value())
			.bind("chargeBy", key.chargeBy().text())
			.bind("period", key.period().atOffset(ZoneOffset.UTC))
			.map((row) -> new PeriodUsage(key, Row.number(row, "quantity"), Row.number(row, "version")))
			.one()
			.defaultIfEmpty(PeriodUsage.nothingYet(key));
		return Uncancelled.of(read);
	}

	/**
	 * What was used of a period.
	 *
	 * @param usage with all new lines
	 * @param reached whether the client's soft cap was noted as reached just now
	 */
	record Used(PeriodUsage usage, boolean reached) {
	}

	/**
	 * What was used of the entries' periods, after the lines of the fresh ones were
	 * inserted in the same transaction.
	 */
	Mono<Map<UsageKey, Used>> after(Collection<Entry> fresh, Collection<Entry> entries) {
		List<UsageKey> raised = keys(fresh);
		List<UsageKey> wanted = keys(entries);
		return this.database.client()
			.sql(USED)
			.bind("freshClients", texts(raised, (key) -> key.client().value()))
			.bind("freshChargeBys", texts(raised, (key) -> key.chargeBy().text()))
			.bind("freshPeriods", periods(raised))
			.bind("clients", texts(wanted, (key) -> key.client().value()))
			.bind("chargeBys", texts(wanted, (key) -> key.chargeBy().text()))
			.bind("periods", periods(wanted))
			.map(PostgresUsage::used)
			.all()
			.collectMap((used) -> used.usage().key());
	}

	private static List<UsageKey> keys(Collection<Entry> entries) {
		return entries.stream().map(Entry::usage).distinct().toList();
	}

	private static OffsetDateTime[] periods(List<UsageKey> keys) {
		return keys.stream().map((key) -> key.period().atOffset(ZoneOffset.UTC)).toArray(OffsetDateTime[]::new);
	}

	private static Used used(Readable row) {
		UsageKey key = new UsageKey(new ClientId(Row.text(row, "client_id")),
				ChargeBy.valueOf(Row.text(row, "charge_by").toUpperCase(Locale.ROOT)),
				Row.get(row, "period_start", Instant.class));
		return new Used(new PeriodUsage(key, Row.number(row, "quantity"), Row.number(row, "version")),
				Boolean.TRUE.equals(row.get("reached", Boolean.class)));
	}

	private static String[] texts(List<UsageKey> keys, Function<UsageKey, String> column) {
		return keys.stream().map(column).toArray(String[]::new);
	}

}
