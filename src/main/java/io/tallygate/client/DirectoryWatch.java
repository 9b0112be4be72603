package io.tallygate.client;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

import io.tallygate.agency.DirectoryChanges;
import io.tallygate.core.Phases;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.core.Uncancelled;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import org.springframework.data.redis.connection.ReactiveRedisConnectionFactory;
import org.springframework.data.redis.connection.ReactiveSubscription;
import org.springframework.data.redis.listener.ChannelTopic;
import org.springframework.data.redis.listener.ReactiveRedisMessageListenerContainer;
import org.springframework.stereotype.Component;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * Keeps the key directory up with changes made anywhere: announcements over Redis are
 * heard within milliseconds; the notes in PostgreSQL are read every second, and miss
 * nothing. Where they could not be read for as long as they reach back, every key is
 * taken for changed.
 */
@Component
class DirectoryWatch implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(DirectoryWatch.class);

	private static final Duration READ_TIMEOUT = Duration.ofSeconds(5);

	private static final Duration GAP_MAX = ChangeNotes.WINDOW.minus(READ_TIMEOUT.multipliedBy(2));

	private static final Duration CLEAR_INTERVAL = Duration.ofMinutes(10);

	private final InMemoryKeyDirectory directory;

	private final ChangeNotes notes;

	private final ReactiveRedisConnectionFactory redis;

	private final Duration interval;

	private final Clock clock;

	private Set<Long> seen = Set.of();

	private Instant readAt;

	private Instant clearedAt = Instant.MIN;

	private volatile Disposable work = Disposables.disposed();

	DirectoryWatch(InMemoryKeyDirectory directory, ChangeNotes notes, DirectoryChanges changes,
			ReactiveRedisConnectionFactory redis, ClientProperties properties, Clock clock) {
		this.directory = directory;
		this.notes = notes;
		this.redis = redis;
		this.interval = properties.pollInterval();
		this.clock = clock;
		this.readAt = clock.instant();
		changes.listen(directory::changed);
	}

	@Override
	public void start() {
		this.work = Disposables.composite(reading().subscribe(), listening().subscribe());
	}

	@Override
	public void stop() {
		this.work.dispose();
	}

	@Override
	public boolean isRunning() {
		return !this.work.isDisposed();
	}

	/** Up before the web server, and down after it. */
	@Override
	public int getPhase() {
		return Phases.METERING;
	}

	private Flux<Void> reading() {
		return Mono.defer(this::read)
			.doOnError(
					(error) -> logger.warn("Changes cannot be read; keys in memory stay valid: {}", error.toString()))
			.onErrorComplete()
			.then(Mono.delay(this.interval).then())
			.repeat();
	}

	private Mono<Void> read() {
		Instant now = this.clock.instant();
		return Uncancelled.of(this.notes.latest())
			.timeout(READ_TIMEOUT)
			.doOnNext((latest) -> take(latest, now))
			.then(clear(now));
	}

	private void take(Map<Long, AgencyId> latest, Instant now) {
		if (now.isAfter(this.readAt.plus(GAP_MAX))) {
			this.directory.changedPerhaps();
		}
		Set<AgencyId> changed = new HashSet<>();
		latest.forEach((note, agency) -> {
			if (!this.seen.contains(note)) {
				changed.add(agency);
			}
		});
		changed.forEach(this.directory::changed);
		this.seen = Set.copyOf(latest.keySet());
		this.readAt = now;
	}

	private Mono<Void> clear(Instant now) {
		return Mono.defer(() -> {
			if (this.clearedAt.isAfter(now.minus(CLEAR_INTERVAL))) {
				return Mono.empty();
			}
			this.clearedAt = now;
			return Uncancelled.of(this.notes.clear()).timeout(READ_TIMEOUT);
		});
	}

	/** The driver waits for the connection, which no event loop must. */
	private Flux<AgencyId> listening() {
		return Flux
			.using(() -> new ReactiveRedisMessageListenerContainer(this.redis),
					(container) -> container.receive(ChannelTopic.of(DirectoryChanges.CHANNEL)),
					(container) -> container.destroyLater().subscribe())
			.subscribeOn(Schedulers.boundedElastic())
			.map(ReactiveSubscription.Message::getMessage)
			.filter((message) -> Ids.isId(AgencyId.PREFIX, message))
			.map(AgencyId::new)
			.doOnNext(this.directory::changed)
			.retryWhen(Retry.backoff(Long.MAX_VALUE, Duration.ofSeconds(1)).maxBackoff(Duration.ofSeconds(30)));
	}

}
