package io.tallygate.metering;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

import io.r2dbc.spi.Readable;
import io.tallygate.client.ChargePolicy;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import io.tallygate.metering.ClientUsage.Bucket;
import io.tallygate.metering.ClientUsage.Progress;
import io.tallygate.metering.ClientUsage.Sums;
import reactor.core.publisher.Mono;

import org.springframework.stereotype.Component;

/** What a client used, added up from the ledger. */
@Component
class UsageReads {

	private static final String PROGRESS = """
			select epoch.billing_unit, coalesce(account.total, 0) as total, coalesce(account.crossed, 0) as crossed,
			  (select coalesce(sum(event.value), 0)::bigint
			   from meter_event event
			   where event.client_id = client.id and event.epoch = client.epoch and event.state = 'delivered'
			     and event.kind in ('units', 'recovered')) as delivered
			from client
			join epoch on epoch.client_id = client.id and epoch.epoch = client.epoch
			left join account on account.client_id = client.id and account.epoch = client.epoch
			where client.id = :client and client.agency_id = :agency
			""";

	/** Adjustments and test usage are no use of the client's. */
	private static final String BUCKETS = """
			with line as (
			  select occurred_at, model, channel_id, provider_id, kind, status, messages, input_tokens, cached_input_tokens,
			    cache_write_tokens, output_tokens, reasoning_tokens, total_tokens, quantity, units
			  from ledger
			  where client_id = :client and occurred_at >= :from and occurred_at < :to and kind not in ('adjustment', 'test')
			    and id >= ledger_id_from(:from) and id < ledger_id_to(:to)
			  union all
			  select opened_at, null, channel_id, null, 'exchange', 'orphaned', 0, null, null, null, null, null, null, 0, 0
			  from orphan
			  where client_id = :client and opened_at >= :from and opened_at < :to and superseded_at is null
			)
			select date_trunc(:bucket, occurred_at, 'UTC') as start, %s as part,
			  count(*) filter (where kind = 'exchange' and status <> 'orphaned') as requests,
			  sum(messages)::bigint as messages,
			  coalesce(sum(input_tokens), 0)::bigint as input_tokens,
			  coalesce(sum(cached_input_tokens), 0)::bigint as cached_input_tokens,
			  coalesce(sum(cache_write_tokens), 0)::bigint as cache_write_tokens,
			  coalesce(sum(output_tokens), 0)::bigint as output_tokens,
			  coalesce(sum(reasoning_tokens), 0)::bigint as reasoning_tokens,
			  coalesce(sum(total_tokens), 0)::bigint as total_tokens,
			  sum(quantity)::bigint as quantity,
			  sum(units)::bigint as units,
			  count(*) filter (where status = 'estimated') as estimated_requests,
			  count(*) filter (where status = 'orphaned') as orphaned_requests
			from line
			group by 1, 2
			order by 1, 2
			""";

	private static final String ADJUSTMENTS = """
			select count(*) as count, coalesce(sum(quantity), 0)::bigint as quantity
			from ledger
			where client_id = :client and occurred_at >= :from and occurred_at < :to and kind = 'adjustment'
			  and id >= ledger_id_from(:from) and id < adjustment_id_to(:to)
			""";

	private final Database.OfTenant database;

	UsageReads(Database.OfTenant database) {
		this.database = database;
	}

	/** The client's use in a period; a 404 when the agency has no such client. */
	Mono<ClientUsage> usage(AgencyId agency, ClientId client, Period period, Step step, GroupBy groupBy) {
		return Uncancelled.of(this.database.as(agency,
				progress(agency, client).flatMap((progress) -> adjustments(client, period)
					.flatMap((adjustments) -> buckets(client, period, step, groupBy)
						.map((buckets) -> ClientUsage.of(period, adjustments, progress, buckets))))));
	}

	private Mono<ClientUsage.Corrected> adjustments(ClientId client, Period period) {
		return this.database.client()
			.sql(ADJUSTMENTS)
			.bind("client", client.value())
			.bind("from", period.from())
			.bind("to", period.to())
			.map((Readable row) -> new ClientUsage.Corrected(number(row, "count"),
					Thousandths.decimal(number(row, "quantity"))))
			.one();
	}

	private Mono<Progress> progress(AgencyId agency, ClientId client) {
		return this.database.client()
			.sql(PROGRESS)
			.bind("client", client.value())
			.bind("agency", agency.value())
			.map(UsageReads::progress)
			.one()
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", client.value())));
	}

	private Mono<List<Bucket>> buckets(ClientId client, Period period, Step step, GroupBy groupBy) {
		return this.database.client()
			.sql(BUCKETS.formatted(groupBy.column))
			.bind("client", client.value())
			.bind("from", period.from())
			.bind("to", period.to())
			.bind("bucket", step.name().toLowerCase(Locale.ROOT))
			.map(UsageReads::bucket)
			.all()
			.collectList();
	}

	private static Progress progress(Readable row) {
		long billingUnit = number(row, "billing_unit");
		long inUnit = Math.floorMod(number(row, "total"), Math.multiplyExact(ChargePolicy.THOUSANDTHS, billingUnit));
		return new Progress(Thousandths.decimal(inUnit), billingUnit, number(row, "crossed"), number(row, "delivered"));
	}

	private static Bucket bucket(Readable row) {
		return new Bucket(Objects.requireNonNull(row.get("start", Instant.class)), row.get("part", String.class),
				new Sums(number(row, "requests"), number(row, "messages"), number(row, "input_tokens"),
						number(row, "cached_input_tokens"), number(row, "cache_write_tokens"),
						number(row, "output_tokens"), number(row, "reasoning_tokens"), number(row, "total_tokens"),
						Thousandths.decimal(number(row, "quantity")), number(row, "units"),
						number(row, "estimated_requests"), number(row, "orphaned_requests")));
	}

	private static long number(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, Long.class), column);
	}

	/** How long a bucket is. */
	enum Step {

		HOUR, DAY, MONTH

	}

	/** By what the buckets of one time are told apart. */
	enum GroupBy {

		NOTHING("null::text"), MODEL("model"), CHANNEL("channel_id"), PROVIDER("provider_id");

		private final String column;

		GroupBy(String column) {
			this.column = column;
		}

	}

}
