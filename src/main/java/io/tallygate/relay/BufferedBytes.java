package io.tallygate.relay;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import io.tallygate.core.AgencyId;

/**
 * Keeps the bytes of all bodies held at once under one bound. The last quarter of it is
 * for agencies that hold no more than an eighth: one that fills the rest, or whose
 * clients send and never end, does not shut out the others.
 */
final class BufferedBytes {

	private final long max;

	private final AtomicLong held = new AtomicLong();

	private final Map<AgencyId, Share> shares = new ConcurrentHashMap<>();

	BufferedBytes(long max) {
		this.max = max;
	}

	/** What this agency's bodies take. */
	Share of(AgencyId agency) {
		return this.shares.computeIfAbsent(agency, (newcomer) -> new Share());
	}

	long held() {
		return this.held.get();
	}

	/** One agency's part. */
	final class Share {

		private final AtomicLong own = new AtomicLong();

		/** Counts {@code bytes} more as held, or says that there is no room for them. */
		boolean take(long bytes) {
			long mine = this.own.addAndGet(bytes);
			long all = BufferedBytes.this.held.addAndGet(bytes);
			long most = BufferedBytes.this.max;
			if (all <= ((mine <= most / 8) ? most : most - most / 4)) {
				return true;
			}
			give(bytes);
			return false;
		}

		/** Gives back what was taken. */
		void give(long bytes) {
			this.own.addAndGet(-bytes);
			BufferedBytes.this.held.addAndGet(-bytes);
		}

	}

}
