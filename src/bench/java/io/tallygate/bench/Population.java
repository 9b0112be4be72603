package io.tallygate.bench;

import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

import io.tallygate.core.ChannelId;
import io.tallygate.core.CheckedKey;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.KeyId;
import io.tallygate.core.Secret;

/**
 * Many clients of an installation: rows like those of the client that was made over its
 * admin API, copied in bulk, each with a channel, a key, and a way to Stripe of its own.
 */
final class Population {

	private static final int AT_ONCE = 10_000;

	/** Copies of the one row of the model, with what must differ. */
	private static final String COPIES = """
			create temp table if not exists newcomer (number integer, client text, channel text, key text, sha256 bytea,
			  last4 text, lane bigint);
			create or replace function pg_temp.meet() returns void language sql as $$
			  insert into client select r.* from client m, newcomer n, lateral jsonb_populate_record(m, jsonb_build_object(
			    'id', n.client, 'stripe_customer_id', 'cus_bench_' || n.number %% %1$d)) r where m.id = '%3$s';
			  insert into lane overriding system value
			    select r.* from lane m, newcomer n, lateral jsonb_populate_record(m, jsonb_build_object('id', n.lane,
			      'client_id', n.client, 'customer', 'cus_bench_' || n.number %% %1$d,
			      'meter_id', 'mtr_bench_' || n.number / %1$d %% %2$d,
			      'event_name', 'bench_units_' || n.number / %1$d %% %2$d)) r where m.client_id = '%3$s';
			  insert into epoch select r.* from epoch m, newcomer n, lateral jsonb_populate_record(m, jsonb_build_object(
			    'client_id', n.client, 'lane_id', n.lane)) r where m.client_id = '%3$s';
			  insert into account select r.* from account m, newcomer n, lateral jsonb_populate_record(m, jsonb_build_object(
			    'client_id', n.client, 'lane_id', n.lane, 'total', 0, 'crossed', 0, 'cut', 0, 'version', 0)) r
			    where m.client_id = '%3$s';
			  insert into channel select r.* from channel m, newcomer n, lateral jsonb_populate_record(m, jsonb_build_object(
			    'id', n.channel, 'client_id', n.client)) r where m.client_id = '%3$s';
			  insert into channel_key (id, agency_id, channel_id, sha256, prefix, last4)
			    select n.key, k.agency_id, n.channel, n.sha256, k.prefix, n.last4
			    from channel_key k join channel m on m.id = k.channel_id, newcomer n where m.client_id = '%3$s';
			  truncate newcomer
			$$
			""";

	private static final String NEWCOMERS = """
			insert into newcomer select ?::int + n - 1, client, channel, key, sha256, last4, ?::int + n - 1 + base
			from unnest(?::text[], ?::text[], ?::text[], ?::bytea[], ?::text[]) with ordinality
			  as new (client, channel, key, sha256, last4, n), (select 1000000000::bigint as base) b
			""";

	private final Stores stores;

	private final Installation installation;

	private final SplittableRandom random = new SplittableRandom(4);

	private final Ids ids = new Ids(InstantSource.system(), this.random);

	private final List<byte[]> keys = new ArrayList<>();

	private final List<String> clients = new ArrayList<>();

	/**
	 * @param model the target of the client that was made first
	 */
	Population(Stores stores, Installation installation, Target model) {
		this.stores = stores;
		this.installation = installation;
		this.keys.add(model.key().getBytes(StandardCharsets.US_ASCII));
		this.clients.add(installation.client());
	}

	/** Adds clients until there are so many. */
	void grow(int size) {
		try (Sql sql = new Sql(this.stores.connect(this.installation.database())).inBulk()) {
			sql.run(COPIES.formatted(FakeStripeProcess.CUSTOMERS, FakeStripeProcess.METERS, this.clients.get(0)));
			while (this.clients.size() < size) {
				add(sql, Math.min(AT_ONCE, size - this.clients.size()));
			}
			sql.run("vacuum analyze");
		}
	}

	private void add(Sql sql, int count) {
		String[] clientIds = new String[count];
		String[] channels = new String[count];
		String[] keyIds = new String[count];
		byte[][] hashes = new byte[count][];
		String[] last4 = new String[count];
		int first = this.clients.size();
		for (int i = 0; i < count; i++) {
			Secret key = CheckedKey.generate("tg_test_", this.random);
			clientIds[i] = this.ids.next(ClientId.PREFIX);
			channels[i] = this.ids.next(ChannelId.PREFIX);
			keyIds[i] = this.ids.next(KeyId.PREFIX);
			hashes[i] = CheckedKey.sha256(key.reveal());
			last4[i] = key.last4();
			this.clients.add(clientIds[i]);
			this.keys.add(key.reveal().getBytes(StandardCharsets.US_ASCII));
		}
		sql.run(NEWCOMERS, first, first, clientIds, channels, keyIds, hashes, last4);
		sql.run("select pg_temp.meet()");
	}

	/** Their ids. */
	List<String> clients() {
		return this.clients;
	}

	/** Keys of so many of them, one after the other, and again. */
	Supplier<byte[]> keys(int of) {
		return keys(0, of);
	}

	/** The same without the first ones. */
	Supplier<byte[]> keys(int from, int to) {
		int[] next = { from };
		return () -> {
			byte[] key = this.keys.get(next[0]);
			next[0] = (next[0] + 1 < to) ? next[0] + 1 : from;
			return key;
		};
	}

}
