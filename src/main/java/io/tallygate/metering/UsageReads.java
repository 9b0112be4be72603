package io.tallygate.metering;

import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
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

/**
 * What a client used, added up from whole hours, and from the ledger where hours are cut.
 */
@Component
class UsageReads {

	/**
	 * Delivered is what was cut less what Stripe does not have, of which there are few.
	 */
	private static final String PROGRESS = """
			select epoch.billing_unit, coalesce(account.total, 0) as total, coalesce(account.crossed, 0) as crossed,
			  coalesce(account.cut, 0) - (select coalesce(sum(event.value), 0)::bigint
			   from meter_event event
			   where event.client_id = client.id and event.epoch = client.epoch and event.kind in ('units', 'recovered')
			     and event.state in ('due', 'sending', 'parked')) as delivered
			from client
			join epoch on epoch.client_id = client.id and epoch.epoch = client.epoch
			left join account on account.client_id = client.id and account.epoch = client.epoch
			where client.id = :client and client.agency_id = :agency
			""";

	/**
	 * Lines of a part of an hour; adjustments and test usage are no use of the client's.
	 */
	private static final String LINES = """
			select occurred_at, channel_id, provider_id, model, case kind when 'exchange' then 1 else 0 end, messages,
			  coalesce(input_tokens, 0), coalesce(cached_input_tokens, 0), coalesce(cache_write_tokens, 0),
			  coalesce(output_tokens, 0), coalesce(reasoning_tokens, 0), coalesce(total_tokens, 0), quantity, units,
			  case status when 'estimated' then 1 else 0 end, 0
			from ledger
			where cast(%1$s as timestamptz) < %2$s and client_id = :client and kind not in ('adjustment', 'test')
			  and occurred_at >= %1$s and occurred_at < %2$s
			  and id >= ledger_id_from(%1$s) and id < ledger_id_to(%2$s)""";

	/** Whole hours were added up when their lines were written. */
	private static final String BUCKETS = """
			with part as (
			  select hour as at, nullif(channel_id, '') as channel_id, nullif(provider_id, '') as provider_id,
			    nullif(model, '') as model, requests, messages, input_tokens, cached_input_tokens, cache_write_tokens,
			    output_tokens, reasoning_tokens, total_tokens, quantity, units, estimated_requests, 0 as orphaned_requests
			  from usage_hour
			  where client_id = :client and hour >= :wholeFrom and hour < :wholeTo
			  union all
			%1$s
			  union all
			%2$s
			  union all
			  select opened_at, channel_id, null, null, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
			  from orphan
			  where client_id = :client and opened_at >= :from and opened_at < :to and superseded_at is null
			)
			select date_trunc(:bucket, at, 'UTC') as start, %%s as part, sum(requests)::bigint as requests,
			  sum(messages)::bigint as messages, sum(input_tokens)::bigint as input_tokens,
			  sum(cached_input_tokens)::bigint as cached_input_tokens,
			  sum(cache_write_tokens)::bigint as cache_write_tokens, sum(output_tokens)::bigint as output_tokens,
			  sum(reasoning_tokens)::bigint as reasoning_tokens, sum(total_tokens)::bigint as total_tokens,
			  sum(quantity)::bigint as quantity, sum(units)::bigint as units,
			  sum(estimated_requests)::bigint as estimated_requests,
			  sum(orphaned_requests)::bigint as orphaned_requests
			from part
			group by 1, 2
			order by 1, 2
			"""
		.formatted(LINES.formatted(":from", ":wholeFrom"), LINES.formatted(":wholeTo", ":to"));

	private static final String ADJUSTMENTS = """
			select count(*) as count, coalesce(sum(quantity), 0)::bigint as quantity
			from ledger
			where client_id = :client and occurred_at >= :from and occurred_at < :to and kind = 'adjustment'
			  and id >= ledger_id_from(:from) and id < adjustment_id_to(:to)
			""";

	private final Database.OfTenant database;

	private final InstantSource clock;

	UsageReads(Database.OfTenant database, Clock clock) {
		this.database = database;
		this.clock = clock;
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
		WholeHours hours = WholeHours.of(period, this.clock.instant());
		return this.database.client()
			.sql(BUCKETS.formatted(groupBy.column))
			.bind("client", client.value())
			.bind("from", period.from())
			.bind("wholeFrom", hours.from())
			.bind("wholeTo", hours.to())
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

	/**
	 * The whole hours of a period, and the running one where it lies within. Before and
	 * after them are parts of an hour; where there are none, nothing begins in between.
	 *
	 * @param from inclusive
	 * @param to exclusive
	 */
	record WholeHours(Instant from, Instant to) {

		/** An hour that has not ended has no lines yet after any time that is to come. */
		static WholeHours of(Period period, Instant now) {
			Instant from = least(roundedUp(period.from()), period.to());
			Instant end = period.to().isAfter(now) ? roundedUp(period.to()) : period.to().truncatedTo(ChronoUnit.HOURS);
			return new WholeHours(from, from.isAfter(end) ? from : end);
		}

		private static Instant roundedUp(Instant time) {
			Instant hour = time.truncatedTo(ChronoUnit.HOURS);
			return hour.equals(time) ? hour : hour.plus(1, ChronoUnit.HOURS);
		}

		private static Instant least(Instant one, Instant other) {
			return one.isBefore(other) ? one : other;
		}

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
