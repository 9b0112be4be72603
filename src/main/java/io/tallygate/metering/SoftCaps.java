package io.tallygate.metering;

import io.tallygate.metering.Ledger.Posted;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says that a client has reached its soft cap: once in a period, whichever replica wrote
 * the entry, and not for each request that follows.
 */
class SoftCaps {

	private static final Logger logger = LoggerFactory.getLogger(SoftCaps.class);

	private final MeteringMetrics metrics;

	SoftCaps(MeteringMetrics metrics) {
		this.metrics = metrics;
	}

	/** An entry was written. */
	void posted(Posted posted) {
		PeriodUsage usage = posted.usage();
		if (posted.reachesSoftCap() && usage != null) {
			this.metrics.softCapReached();
			logger.info("{} of {} has reached its soft cap with {}: {} {} are used of the period since {}",
					usage.key().client(), posted.entry().agency(), posted.entry().request(),
					Thousandths.decimal(usage.quantity()), usage.key().chargeBy().text(), usage.key().period());
		}
	}

}
