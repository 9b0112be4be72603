package io.tallygate.metering;

import io.tallygate.core.Database;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/** The table {@code account}. */
class PostgresAccounts implements Accounts {

	private static final String LIST = """
			select client_id, epoch, divisor, total, crossed, cut, version from account
			where (client_id, epoch) > (:client, :epoch) order by client_id, epoch limit :limit
			""";

	private final Database.OfSystem database;

	PostgresAccounts(Database.OfSystem database) {
		this.database = database;
	}

	@Override
	public Flux<Account> list(@Nullable AccountKey after, int limit) {
		return this.database.client()
			.sql(LIST)
			.bind("client", (after != null) ? after.client().value() : "")
			.bind("epoch", (after != null) ? after.epoch() : 0)
			.bind("limit", limit)
			.map(PostgresLedger::account)
			.all();
	}

}
