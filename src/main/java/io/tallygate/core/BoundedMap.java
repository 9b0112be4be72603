package io.tallygate.core;

import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import org.jspecify.annotations.Nullable;

/**
 * A map that keeps at most so many entries and lets the oldest go. Reading takes no lock;
 * writing, which is rare, does.
 *
 * @param <K> keys
 * @param <V> values
 */
public final class BoundedMap<K, V> {

	private final ConcurrentMap<K, V> entries = new ConcurrentHashMap<>();

	private final Set<K> byAge = new LinkedHashSet<>();

	private final int sizeMax;

	public BoundedMap(int sizeMax) {
		if (sizeMax < 1) {
			throw new IllegalArgumentException("sizeMax must be at least 1 but was " + sizeMax);
		}
		this.sizeMax = sizeMax;
	}

	public @Nullable V get(K key) {
		return this.entries.get(key);
	}

	/** Sets the entry; one that was there keeps its age. */
	public synchronized void put(K key, V value) {
		this.byAge.add(key);
		this.entries.put(key, value);
		if (this.byAge.size() > this.sizeMax) {
			Iterator<K> oldest = this.byAge.iterator();
			this.entries.remove(oldest.next());
			oldest.remove();
		}
	}

	/** The entry that was there, or else this one, which is from now on. */
	public synchronized V putIfAbsent(K key, V value) {
		V known = this.entries.get(key);
		if (known == null) {
			put(key, value);
			return value;
		}
		return known;
	}

	public synchronized void remove(K key) {
		this.byAge.remove(key);
		this.entries.remove(key);
	}

	public synchronized void clear() {
		this.byAge.clear();
		this.entries.clear();
	}

	/** A live view: changes made meanwhile may or may not be seen. */
	public Collection<V> values() {
		return this.entries.values();
	}

	public int size() {
		return this.entries.size();
	}

}
