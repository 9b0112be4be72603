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

	/** What a killed process had sent has arrived by then, and its lease still holds. */
	private static final int ARRIVAL_MILLIS = 300;

	private final Scene scene;

	private final Map<String, String> marked = new HashMap<>();

	private int count;

	private int underWay;

	Deaths(Scene scene) {
		this.scene = scene;
	}

	/** kill -9. */
	void kill(Gateway gateway, Load load) {
		this.underWay += load.underWay(gateway.number());
		gateway.process().kill9();
		load.died(gateway.number());
		Wait.pause(ARRIVAL_MILLIS);
		this.count++;
		if (this.scene.redis().isWhole()) {
			this.marked.putAll(this.scene.redis().held(Set.of()).marks());
		}
		if (this.scene.postgres().isUp()) {
			this.scene.postgres()
				.sql()
				.sql("select request_id, instance from open_exchange")
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
