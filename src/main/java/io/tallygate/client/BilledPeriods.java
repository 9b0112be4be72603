package io.tallygate.client;

import java.time.Instant;

import io.tallygate.core.BoundedMap;
import io.tallygate.core.ClientId;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * The billing period of a client's subscription at Stripe where it is known, else the UTC
 * month. What follows a known period is taken to be as long, until Stripe was asked
 * again: it begins where the known one ends, which is exact.
 */
@Component
class BilledPeriods implements Periods {

	private final BoundedMap<ClientId, UsagePeriod> known;

	BilledPeriods(ClientProperties properties) {
		this.known = new BoundedMap<>(properties.keysMax());
	}

	/** What was read of a client's subscription last; {@code null} where it has none. */
	void learn(ClientId client, @Nullable Instant start, @Nullable Instant end) {
		if (start != null && end != null && start.isBefore(end)) {
			this.known.put(client, new UsagePeriod(start, end));
		}
		else {
			this.known.remove(client);
		}
	}

	@Override
	public UsagePeriod at(ClientId client, Instant instant) {
		UsagePeriod period = this.known.get(client);
		return (period != null) ? period.around(instant) : UsagePeriod.monthOf(instant);
	}

}
