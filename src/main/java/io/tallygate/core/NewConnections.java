package io.tallygate.core;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Tells whoever listens that a connection to PostgreSQL was made, before anything runs on
 * it: it may lead to another server than the one before.
 */
public final class NewConnections {

	private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

	/** Calls {@code listener} with every connection; it must not block. */
	public void listen(Runnable listener) {
		this.listeners.add(listener);
	}

	/** A connection was made. */
	public void made() {
		this.listeners.forEach(Runnable::run);
	}

}
