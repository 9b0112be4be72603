package io.tallygate.metering;

import io.tallygate.core.ClientId;

/**
 * Told when a fold left units due in an account, to hasten what a scan would find anyway.
 * The lanes of the outbox listen.
 */
public interface DueListener {

	/**
	 * Units of this client and epoch are due. Must not block and may be called from an
	 * event loop.
	 */
	void unitsDue(ClientId client, int epoch);

}
