package io.tallygate.client;

/** What counts as a message. */
enum MessageCounts {

	/** Each request that was answered. */
	REQUEST,
	/** Only the answer that ends a run of tool calls; not built yet. */
	FINAL_ANSWER

}
