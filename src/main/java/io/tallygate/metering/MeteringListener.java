package io.tallygate.metering;

import io.tallygate.provider.Usage;
import io.tallygate.client.Terms;
import io.tallygate.core.RequestId;
import org.jspecify.annotations.Nullable;

/**
 * Told what was counted, for the console of the sandbox and for a live page. Must not
 * block.
 */
public interface MeteringListener {

	/**
	 * An exchange stands in the ledger.
	 * @param totalBefore the account's total before it, in thousandths
	 * @param totalAfter the account's total with it, in thousandths
	 */
	void counted(RequestId request, Terms terms, Outcome.Status status, @Nullable Usage usage, long totalBefore,
			long totalAfter);

}
