package io.tallygate.metering;

import io.tallygate.core.ClientId;

/**
 * An account: one client in one epoch.
 *
 * @param client who is billed
 * @param epoch the client's epoch, counted from 1
 */
public record AccountKey(ClientId client, int epoch) implements Comparable<AccountKey> {

	/**
	 * The order in which accounts are locked, everywhere, so that two transactions never
	 * wait for each other.
	 */
	@Override
	public int compareTo(AccountKey other) {
		int byClient = this.client.value().compareTo(other.client.value());
		return (byClient != 0) ? byClient : Integer.compare(this.epoch, other.epoch);
	}

	/** As it is written in a Redis key. */
	String text() {
		return this.client.value() + ":" + this.epoch;
	}

	static AccountKey parse(String text) {
		int colon = text.lastIndexOf(':');
		return new AccountKey(new ClientId(text.substring(0, colon)), Integer.parseInt(text.substring(colon + 1)));
	}

}
