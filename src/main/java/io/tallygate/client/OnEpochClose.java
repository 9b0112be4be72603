package io.tallygate.client;

/** What becomes of an incomplete unit that the next epoch cannot carry on. */
enum OnEpochClose {

	/** The client does not owe it. */
	DROP,
	/** It is billed as a whole one. */
	ROUND_UP

}
