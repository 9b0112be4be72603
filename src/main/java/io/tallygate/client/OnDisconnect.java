package io.tallygate.client;

/** What becomes of an answer whose client hung up. */
enum OnDisconnect {

	/** It is read to its end, and billed as the provider reports it. */
	DRAIN,
	/** It is cut, and billed by what was read. */
	ABORT

}
