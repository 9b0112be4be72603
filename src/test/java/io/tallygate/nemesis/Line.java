package io.tallygate.nemesis;

/**
 * An exchange in the ledger.
 *
 * @param request the gateway's id
 * @param providerRequest the provider's, "" when its answer did not begin
 * @param status billed, free or estimated
 * @param tokens of it
 * @param quantity in thousandths
 * @param client whose
 */
record Line(String request, String providerRequest, String status, long tokens, long quantity, String client) {

	boolean isBilled() {
		return this.status.equals("billed");
	}

}
