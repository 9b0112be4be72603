package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;

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

	private final ServerTime time;

	private final Duration lease;

	private volatile String id;

	private volatile boolean registered;

	/**
	 * Since when the lease was renewed without a gap, and when last, by the counter that
	 * nobody sets.
	 */
	private volatile long steadySince;

	private volatile long renewedAt;

	private Runnable onNewId = () -> {
	};

	/**
	 * @param time what PostgreSQL says
	 */
	Presence(Instances instances, Ids ids, ServerTime time, Duration lease) {
		this.instances = instances;
		this.time = time;
		this.ids = ids;
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
		long now = this.time.clock().nanos();
		return this.registered && now - this.renewedAt < this.lease.toNanos()
				&& now - this.steadySince >= this.lease.multipliedBy(2).toNanos();
	}

	/**
	 * Registers, and is told what time it is: before that nothing may be dated, or judged
	 * by its age.
	 */
	Mono<Void> begin() {
		return Mono.defer(this::renew).repeat(() -> !this.time.clock().isTold()).then();
	}

	/**
	 * Renews the lease, or registers when there is none. To be repeated several times a
	 * lease.
	 */
	Mono<Void> renew() {
		long asked = this.time.clock().nanos();
		if (!this.registered) {
			return hear(this.instances.register(this.id, this.lease)).doOnNext((time) -> {
				this.registered = true;
				this.steadySince = asked;
				this.renewedAt = asked;
			}).then();
		}
		return hear(this.instances.renew(this.id, this.lease)).singleOptional()
			.flatMap((time) -> time.isPresent() ? renewed(asked) : replace());
	}

	private Mono<Instant> hear(Mono<Instant> call) {
		return this.time.hear(call, (time) -> time);
	}

	private Mono<Void> renewed(long asked) {
		return Mono.fromRunnable(() -> {
			if (asked - this.renewedAt > this.lease.toNanos()) {
				this.steadySince = asked;
			}
			this.renewedAt = asked;
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
