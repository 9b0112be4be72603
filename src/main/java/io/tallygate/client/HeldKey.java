package io.tallygate.client;

import java.time.Clock;

import io.tallygate.core.AgencyId;
import reactor.core.publisher.Mono;

/**
 * What is known of one channel key, and whether it may have changed since. The answer is
 * made once, so that giving it costs nothing.
 */
final class HeldKey {

	private static final long FRESH = Long.MAX_VALUE;

	private final AgencyId agency;

	private final Mono<ChannelAccess> answer;

	private final long expiresAt;

	private volatile long staleSince = FRESH;

	private volatile long retryAt;

	HeldKey(ChannelAccess access) {
		this.agency = access.terms().agency();
		this.answer = Mono.just(access);
		this.expiresAt = (access.expiresAt() != null) ? access.expiresAt().toEpochMilli() : Long.MAX_VALUE;
	}

	/** The bearer, or empty once the key has expired. */
	Mono<ChannelAccess> answer(Clock clock) {
		return (this.expiresAt == Long.MAX_VALUE || clock.millis() < this.expiresAt) ? this.answer : Mono.empty();
	}

	boolean isFresh() {
		return this.staleSince == FRESH;
	}

	boolean isOf(AgencyId other) {
		return this.agency.equals(other);
	}

	/** Notes a change; the first one that was not read counts. */
	void changedAt(long now) {
		if (isFresh()) {
			this.staleSince = now;
		}
	}

	/** Whether the first change that was not read is longer ago than this. */
	boolean isOlderThan(long now, long millis) {
		return now - this.staleSince > millis;
	}

	/** Whether a look-up may be tried, or one failed a moment ago. */
	boolean mayBeRead(long now) {
		return now >= this.retryAt;
	}

	void retryAt(long at) {
		if (mayBeRead(at - 1)) {
			this.retryAt = at;
		}
	}

}
