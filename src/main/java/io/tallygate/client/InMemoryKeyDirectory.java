package io.tallygate.client;

import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.AgencyId;
import io.tallygate.core.BoundedMap;
import io.tallygate.core.Metric;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * The key directory of one process:
 * <ol>
 * <li>a key that is held and fresh is answered at once, without a lock;</li>
 * <li>a malformed key, or one lately found to be nobody's, is refused at once;</li>
 * <li>any other is looked up, by one caller for all who wait for it;</li>
 * <li>a change to an agency makes its keys stale: the next caller looks the key up, and
 * while that is not possible it is served as it was, for a bounded time.</li>
 * </ol>
 */
@Component
class InMemoryKeyDirectory implements KeyDirectory {

	/** After a failed look-up the next one waits so long. */
	private static final long RETRY_MILLIS = 1000;

	private final KeyBearers bearers;

	private final ClientProperties properties;

	private final Clock clock;

	private final MeterRegistry meters;

	private final BoundedMap<KeyHash, HeldKey> held;

	/** Keys that are nobody's, until when that is believed. */
	private final BoundedMap<KeyHash, Long> unknown;

	private final ConcurrentMap<KeyHash, Mono<HeldKey>> loading = new ConcurrentHashMap<>();

	/** Counts changes, so that a look-up knows whether one happened under it. */
	private final AtomicLong changes = new AtomicLong();

	InMemoryKeyDirectory(KeyBearers bearers, ClientProperties properties, Clock clock, MeterRegistry meters) {
		this.bearers = bearers;
		this.properties = properties;
		this.clock = clock;
		this.meters = meters;
		this.held = new BoundedMap<>(properties.keysMax());
		this.unknown = new BoundedMap<>(properties.unknownKeysMax());
		meters.gauge(Metric.DIRECTORY_KEYS.key(), this.held, BoundedMap::size);
	}

	@Override
	public Mono<ChannelAccess> find(String key) {
		if (key.length() != ChannelKey.LENGTH) {
			return Mono.empty();
		}
		KeyHash hash = KeyHash.of(key);
		HeldKey known = this.held.get(hash);
		if (known != null && known.isFresh()) {
			return known.answer(this.clock);
		}
		if (known != null) {
			return reload(hash, known);
		}
		return (ChannelKey.parse(key).isPresent() && !isUnknown(hash)) ? load(hash) : Mono.empty();
	}

	/** What is known of this agency's keys may be out of date. */
	void changed(AgencyId agency) {
		this.changes.incrementAndGet();
		this.unknown.clear();
		long now = this.clock.millis();
		for (HeldKey key : this.held.values()) {
			if (key.isOf(agency)) {
				key.changedAt(now);
			}
		}
	}

	/** What is known of any key may be out of date: changes may have been missed. */
	void changedPerhaps() {
		this.changes.incrementAndGet();
		this.unknown.clear();
		long now = this.clock.millis();
		this.held.values().forEach((key) -> key.changedAt(now));
	}

	private Mono<ChannelAccess> reload(KeyHash hash, HeldKey known) {
		return known.mayBeRead(this.clock.millis())
				? load(hash).onErrorResume(KeysUnavailable.class, (error) -> stale(known, error)) : stale(known, null);
	}

	private Mono<ChannelAccess> stale(HeldKey known, @Nullable KeysUnavailable error) {
		long now = this.clock.millis();
		known.retryAt(now + RETRY_MILLIS);
		if (known.isOlderThan(now, this.properties.staleMax().toMillis())) {
			return Mono.error(new KeysUnavailable("What was known of this key is too old", error));
		}
		this.meters.counter(Metric.DIRECTORY_STALE.key()).increment();
		return known.answer(this.clock);
	}

	private Mono<ChannelAccess> load(KeyHash hash) {
		if (this.loading.size() >= this.properties.loadsMax() && !this.loading.containsKey(hash)) {
			return Mono.error(new KeysUnavailable("Too many keys are being looked up", null));
		}
		return this.loading.computeIfAbsent(hash, this::lookUp).flatMap((found) -> found.answer(this.clock));
	}

	/** One look-up, whose answer all callers share, whichever of them goes away. */
	private Mono<HeldKey> lookUp(KeyHash hash) {
		return Mono.defer(() -> {
			long changesBefore = this.changes.get();
			return Uncancelled.of(this.bearers.find(hash))
				.timeout(this.properties.loadTimeout())
				.map((access) -> hold(hash, access, changesBefore))
				.switchIfEmpty(Mono.fromRunnable(() -> forget(hash, changesBefore)));
		})
			.onErrorMap((error) -> new KeysUnavailable("The key cannot be looked up", error))
			.doOnError((error) -> count("failed"))
			.doFinally((end) -> this.loading.remove(hash))
			.cache();
	}

	private HeldKey hold(KeyHash hash, ChannelAccess access, long changesBefore) {
		count("found");
		HeldKey key = new HeldKey(access);
		this.held.put(hash, key);
		// Held first and compared then: a change in between finds the key or is found.
		if (this.changes.get() != changesBefore) {
			key.changedAt(this.clock.millis());
		}
		return key;
	}

	private void forget(KeyHash hash, long changesBefore) {
		count("unknown");
		this.held.remove(hash);
		if (this.changes.get() == changesBefore) {
			this.unknown.put(hash, this.clock.millis() + this.properties.unknownKeyTime().toMillis());
		}
	}

	private boolean isUnknown(KeyHash hash) {
		Long until = this.unknown.get(hash);
		return until != null && this.clock.millis() < until;
	}

	private void count(String outcome) {
		this.meters.counter(Metric.DIRECTORY_LOADS.key(), "outcome", outcome).increment();
	}

}
