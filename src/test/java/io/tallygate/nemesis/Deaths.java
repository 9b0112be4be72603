package io.tallygate.nemesis;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

import io.tallygate.support.Wait;

/**
 * Gateways that were killed, and what each had marked as open when it was: the exchanges
 * that must be listed as orphans, unless the ledger has them.
 */
final class Deaths {

	/** What a killed process had sent has arrived by then. */
	private static final int ARRIVAL_MILLIS = 300;

	/** On a busy machine somebody may have begun to sweep already. */
	private static final String MARKED = """
			select request_id, instance from open_exchange
			union all
			select request_id, instance from orphan
			where superseded_at is null and found_at > clock_timestamp() - make_interval(secs => :seconds)
			""";

	private final Scene scene;

	private final Map<String, String> marked = new HashMap<>();

	private int count;

	private int underWay;

	Deaths(Scene scene) {
		this.scene = scene;
	}

	/** kill -9. */
	void kill(Gateway gateway, Load load) {
		this.underWay += load.underWay(gateway);
		long killed = System.nanoTime();
		gateway.process().kill9();
		load.died(gateway);
		Wait.pause(ARRIVAL_MILLIS);
		this.count++;
		if (this.scene.redis().isWhole()) {
			this.marked.putAll(this.scene.redis().held(Set.of()).marks());
		}
		if (this.scene.postgres().isUp()) {
			this.scene.postgres()
				.sql()
				.sql(MARKED)
				.param("seconds", (System.nanoTime() - killed) / 1e9)
				.query((row, number) -> this.marked.put(row.getString(1), row.getString(2)))
				.list();
		}
	}

	/** Gateways that were killed. */
	int count() {
		return this.count;
	}

	/** Requests of apps that ran on them at that moment. */
	int underWay() {
		return this.underWay;
	}

	/**
	 * What the dead must have left behind, of those who died since this was asked last.
	 * @param living instances
	 * @param closed exchanges that stand in the ledger
	 */
	Set<String> orphans(Set<String> living, Predicate<String> closed) {
		Set<String> orphans = new HashSet<>();
		this.marked.forEach((request, instance) -> {
			if (!living.contains(instance) && !closed.test(request)) {
				orphans.add(request);
			}
		});
		return orphans;
	}

	/** They have been buried. */
	void settled() {
		this.marked.clear();
	}

}
