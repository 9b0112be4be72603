package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

import io.tallygate.core.Ids;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * This instance among the living: a lease in PostgreSQL, renewed well before it lapses.
 * Who finds its own lease lapsed may have been swept as dead: it takes a new id, and
 * marks what it holds again.
 */
class Presence {

	private static final Logger logger = LoggerFactory.getLogger(Presence.class);

	private final Instances instances;

	private final Ids ids;

	private final InstantSource clock;

	private final Duration lease;

	private volatile String id;

	private volatile boolean registered;

	/** Since when the lease was renewed without a gap. */
	private volatile Instant steadySince = Instant.MAX;

	private volatile Instant renewedAt = Instant.MIN;

	private Runnable onNewId = () -> {
	};

	Presence(Instances instances, Ids ids, InstantSource clock, Duration lease) {
		this.instances = instances;
		this.ids = ids;
		this.clock = clock;
		this.lease = lease;
		this.id = ids.next("ins_");
	}

	/** Called after a new id was taken. */
	void onNewId(Runnable listener) {
		this.onNewId = listener;
	}

	String id() {
		return this.id;
	}

	/**
	 * Whether this instance may judge others: its own lease has been renewed without a
	 * gap for so long that everybody else who lives has had time to renew as well, also
	 * after PostgreSQL was away.
	 */
	boolean isSteady() {
		Instant now = this.clock.instant();
		return this.registered && now.isBefore(this.renewedAt.plus(this.lease))
				&& !now.isBefore(this.steadySince.plus(this.lease.multipliedBy(2)));
	}

	/**
	 * Renews the lease, or registers when there is none. To be repeated several times a
	 * lease.
	 */
	Mono<Void> renew() {
		Instant asked = this.clock.instant();
		if (!this.registered) {
			return this.instances.register(this.id, this.lease).doOnSuccess((done) -> {
				this.registered = true;
				this.steadySince = asked;
				this.renewedAt = asked;
			});
		}
		return this.instances.renew(this.id, this.lease).flatMap((renewed) -> {
			if (!renewed) {
				return replace();
			}
			if (asked.isAfter(this.renewedAt.plus(this.lease))) {
				this.steadySince = asked;
			}
			this.renewedAt = asked;
			return Mono.empty();
		});
	}

	/** Gives the lease up: what is left of this instance may be swept at once. */
	Mono<Void> release() {
		return this.registered ? this.instances.release(this.id) : Mono.empty();
	}

	private Mono<Void> replace() {
		String lapsed = this.id;
		this.id = this.ids.next("ins_");
		this.registered = false;
		logger.warn("The lease of {} lapsed: this instance goes on as {}", lapsed, this.id);
		return renew().doOnSuccess((done) -> this.onNewId.run());
	}

}
