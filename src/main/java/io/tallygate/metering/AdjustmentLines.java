package io.tallygate.metering;

import java.time.Instant;
import java.time.ZoneOffset;

import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import reactor.core.publisher.Mono;

import org.springframework.stereotype.Repository;

/**
 * Writes corrections into the ledger. Such a line shows the account's total as it stands
 * and leaves it there: no fold reads it.
 */
@Repository
public class AdjustmentLines {

	private static final String INSERT = """
			insert into ledger (id, kind, agency_id, client_id, epoch, status, quantity, charge_by, total_before, total_after,
			  units, occurred_at, note)
			select :id, 'adjustment', e.agency_id, e.client_id, e.epoch, 'billed', :quantity, e.charge_by,
			  coalesce(a.total, 0), coalesce(a.total, 0), 0, :at, :reason
			from epoch e left join account a on a.client_id = e.client_id and a.epoch = e.epoch
			where e.client_id = :client and e.epoch = :epoch
			""";

	private final Database.OfSystem database;

	AdjustmentLines(Database.OfSystem database) {
		this.database = database;
	}

	/**
	 * Adds a line, inside the caller's transaction.
	 * @param quantity thousandths, negative where too much was counted
	 * @param at when what is corrected occurred
	 */
	public Mono<Void> add(String id, ClientId client, int epoch, long quantity, Instant at, String reason) {
		return this.database.client()
			.sql(INSERT)
			.bind("id", id)
			.bind("client", client.value())
			.bind("epoch", epoch)
			.bind("quantity", quantity)
			.bind("at", at.atOffset(ZoneOffset.UTC))
			.bind("reason", reason)
			.fetch()
			.rowsUpdated()
			.then();
	}

}
