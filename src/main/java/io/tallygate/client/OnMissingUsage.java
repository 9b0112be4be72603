package io.tallygate.client;

/** What a successful answer costs that reports no usage. */
enum OnMissingUsage {

	/** Its tokens are counted here, and marked as estimated. */
	ESTIMATE,
	/** Nothing. */
	FREE

}
