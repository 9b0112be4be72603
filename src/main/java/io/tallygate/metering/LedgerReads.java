package io.tallygate.metering;

import java.util.List;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.stereotype.Component;

/**
 * The ledger as an agency reads it. An orphan stands among the lines under the id that
 * its line would have had, until a line supersedes it.
 */
@Component
class LedgerReads {

	private static final String LINES = """
			select id, kind, request_id, client_id, channel_id, provider_id, model, api, status, input_tokens,
			    cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, total_tokens, messages::bigint,
			    quantity, charge_by, epoch::bigint, total_before, total_after, units, null::bigint as reserved, occurred_at,
			    http_status, streamed, client_disconnected, provider_request_id, duration_ms, ttft_ms, note
			  from ledger line""";

	/**
	 * Lines, adjustments and orphans are each cut to a page before they are put together,
	 * so that a page costs what a page holds, however long the ledger is.
	 */
	private static final String SELECT = """
			select line.*, provider.name as provider
			from (
			  (LINES
			  where line.agency_id = :agency and line.kind <> 'adjustment'%1$s%3$s)
			  union all
			  (LINES
			  where line.agency_id = :agency and line.kind = 'adjustment'%2$s%3$s)
			  union all
			  (select id, 'exchange', request_id, client_id, channel_id, null, null, null, 'orphaned', null, null, null, null,
			    null, null, 0, 0, charge_by, epoch, null, null, 0, reservation, occurred_at, null, false, false, null, null,
			    null, null
			  from (
			    select 'led_' || substr(orphan.request_id, 5) as id, orphan.*, orphan.opened_at as occurred_at,
			      null::text as model, epoch.charge_by
			    from orphan left join epoch on epoch.client_id = orphan.client_id and epoch.epoch = orphan.epoch
			    where orphan.superseded_at is null
			  ) line
			  where line.agency_id = :agency%1$s%3$s)
			) line left join provider on provider.id = line.provider_id
			where true%3$s
			"""
		.replace("LINES", LINES);

	private static final String BY_ID = " and line.id = :id";

	private static final String CLIENT_IS_KNOWN = "select 1 from client where agency_id = :agency and id = :id";

	private static final String CHANNEL_IS_KNOWN = "select 1 from channel where agency_id = :agency and id = :id";

	private final Database.OfTenant database;

	LedgerReads(Database.OfTenant database) {
		this.database = database;
	}

	/** One page of the lines that the filter lets through, newest first. */
	Mono<Page<LedgerEntry>> page(AgencyId agency, LedgerFilter filter, PageRequest page) {
		return read(agency, known(agency, filter).then(rows(agency, filter, page)));
	}

	/**
	 * Every line that the filter lets through, newest first, a page at a time: each page
	 * is read whole before the next is begun, so whoever stops reading leaves no
	 * statement behind.
	 */
	Flux<LedgerEntry> export(AgencyId agency, LedgerFilter filter) {
		return page(agency, filter, PageRequest.of(PageRequest.LIMIT_MAX, null, null))
			.expand((page) -> page.hasMore() ? page(agency, filter, after(page)) : Mono.empty())
			.concatMapIterable(Page::data, 1);
	}

	/** One line, by its id. */
	Mono<LedgerEntry> find(AgencyId agency, String id) {
		return read(agency,
				statement(agency, SELECT.formatted(BY_ID, BY_ID, "")).bind("id", id).map(LedgerEntry::of).one());
	}

	private Mono<Page<LedgerEntry>> rows(AgencyId agency, LedgerFilter filter, PageRequest page) {
		GenericExecuteSpec statement = statement(agency,
				SELECT.formatted(filter.conditions(), filter.conditionsOfAdjustments(), page.tail("line.id")));
		return page.of(page.bind(filter.bind(statement)).map(LedgerEntry::of).all());
	}

	private Mono<Void> known(AgencyId agency, LedgerFilter filter) {
		return known(agency, CLIENT_IS_KNOWN, "client", filter.client())
			.then(known(agency, CHANNEL_IS_KNOWN, "channel", filter.channel()));
	}

	private Mono<Void> known(AgencyId agency, String sql, String what, @Nullable String id) {
		return (id == null) ? Mono.empty()
				: statement(agency, sql).bind("id", id)
					.fetch()
					.first()
					.switchIfEmpty(Mono.error(() -> Problem.notFound(what, id)))
					.then();
	}

	private GenericExecuteSpec statement(AgencyId agency, String sql) {
		return this.database.client().sql(sql).bind("agency", agency.value());
	}

	private <T> Mono<T> read(AgencyId agency, Mono<T> work) {
		return Uncancelled.of(this.database.as(agency, work));
	}

	private static PageRequest after(Page<LedgerEntry> page) {
		List<LedgerEntry> entries = page.data();
		return PageRequest.of(PageRequest.LIMIT_MAX, entries.get(entries.size() - 1).id(), null);
	}

}
