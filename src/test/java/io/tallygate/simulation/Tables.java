package io.tallygate.simulation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a simulated PostgreSQL keeps: tables of rows that never change themselves, so that
 * a backup is a copy of maps. One call that changes them is one transaction.
 */
public final class Tables {

	private final Map<String, Map<Object, Object>> tables = new TreeMap<>();

	/** The table of this name; made empty when first asked for. */
	@SuppressWarnings("unchecked")
	public <K, V> Map<K, V> table(String name) {
		return (Map<K, V>) (Map<?, ?>) this.tables.computeIfAbsent(name, (made) -> new LinkedHashMap<>());
	}

	/** All that is committed now. */
	public Backup backUp() {
		Map<String, Map<Object, Object>> copy = new TreeMap<>();
		this.tables.forEach((name, rows) -> copy.put(name, new LinkedHashMap<>(rows)));
		return new Backup(copy);
	}

	/** Forgets what was committed after the backup. */
	public void restore(Backup backup) {
		List<String> names = new ArrayList<>(this.tables.keySet());
		for (String name : names) {
			Map<Object, Object> rows = this.tables.get(name);
			rows.clear();
			rows.putAll(backup.tables().getOrDefault(name, Map.of()));
		}
	}

	/**
	 * What was committed at one instant.
	 *
	 * @param tables by name
	 */
	public record Backup(Map<String, Map<Object, Object>> tables) {
	}

}
