package io.tallygate.client;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;

import com.jayway.jsonpath.JsonPath;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.agency.AgencyProviders;
import io.tallygate.agency.DirectoryChanges;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Metric;
import io.tallygate.fault.Matrix;
import io.tallygate.support.AdminRooms;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.data.redis.connection.ReactiveRedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What a second process knows of keys that are made and changed through the first one's
 * admin API.
 */
class KeyDirectoryIntegrationTests {

	private static final Duration WITHIN = Duration.ofSeconds(5);

	private static final Duration NEVER = Duration.ofHours(1);

	private static AdminRooms.Running rooms;

	private static LettuceConnectionFactory deadRedis;

	private final AtomicReference<Instant> now = new AtomicReference<>(Instant.now());

	private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

	private final String token = (String) rooms.agency().get("admin_token");

	private final Map<String, Object> client = rooms.done("POST", "/clients", this.token,
			"{\"nickname\":\"Bakery\",\"models_allowed\":[\"gpt-*\"],\"on_missing_usage\":\"free\"}");

	private final String key = JsonPath.read(this.client, "$.channels[0].keys[0].secret");

	private final String keyId = JsonPath.read(this.client, "$.channels[0].keys[0].id");

	private InMemoryKeyDirectory directory;

	private DirectoryWatch watch;

	/** How often all notes were read. */
	private final AtomicInteger readings = new AtomicInteger();

	@BeforeAll
	static void start() {
		rooms = AdminRooms.start();
		deadRedis = new LettuceConnectionFactory("127.0.0.1", TestServers.freePort());
		deadRedis.afterPropertiesSet();
		deadRedis.start();
	}

	@AfterAll
	static void stop() {
		deadRedis.destroy();
		rooms.close();
	}

	@AfterEach
	void stopWatching() {
		if (this.watch != null) {
			this.watch.stop();
		}
	}

	@Test
	void aKeysBearerIsKnownWithItsTerms() {
		watching(NEVER, deadRedis);

		ChannelAccess access = find();

		assertThat(access.terms().client().value()).isEqualTo(this.client.get("id"));
		assertThat(access.terms().epoch()).isEqualTo(1);
		assertThat(access.terms().policy().billingUnit()).isEqualTo(1000);
		assertThat(access.suspended()).isNull();
		assertThat(access.allows("gpt-4o")).isTrue();
		assertThat(access.allows("claude")).isFalse();
		assertThat(access.estimatesMissingUsage()).isFalse();
		assertThat(access.drainsOnDisconnect()).isTrue();
	}

	@Test
	void aKeyIsLookedUpOnceForAllWhoWait() {
		watching(NEVER, deadRedis);

		Flux.range(0, 200).flatMap((i) -> this.directory.find(this.key), 200).blockLast(Duration.ofSeconds(10));

		assertThat(this.meters.counter(Metric.DIRECTORY_LOADS.key(), "outcome", "found").count()).isEqualTo(1);
	}

	@Test
	void whatIsNoKeyIsNobodysAndNotLookedUp() {
		watching(NEVER, deadRedis);
		String typo = this.key.substring(0, 20) + ((this.key.charAt(20) == 'x') ? 'y' : 'x') + this.key.substring(21);

		for (String wrong : new String[] { "", "tg_test_", typo, "é".repeat(44), "x".repeat(100_000) }) {
			assertThat(this.directory.find(wrong).block()).isNull();
		}

		assertThat(this.meters.find(Metric.DIRECTORY_LOADS.key()).counters()).isEmpty();
	}

	@Test
	@Matrix(76)
	void aRevocationHoldsThoughNothingIsAnnounced() {
		watching(Duration.ofSeconds(1), deadRedis);
		find();

		rooms.done("DELETE", "/keys/" + this.keyId, this.token, null);

		eventually(() -> find() == null);
	}

	@Test
	void anAnnouncementHastensARevocation() {
		watching(NEVER, rooms.context().getBean(ReactiveRedisConnectionFactory.class));
		find();
		// The subscription is made in the background; changes go on until one is heard.
		eventually(() -> {
			rooms.done("POST", "/clients/" + this.client.get("id") + "/pause", this.token, null);
			return find().suspended() != null;
		});

		rooms.done("DELETE", "/keys/" + this.keyId, this.token, null);

		eventually(() -> find() == null);
	}

	@Test
	void theProcessThatRevokesKnowsAtOnce() {
		KeyDirectory own = rooms.context().getBean(KeyDirectory.class);
		assertThat(own.find(this.key).block()).isNotNull();

		rooms.done("DELETE", "/keys/" + this.keyId, this.token, null);

		assertThat(own.find(this.key).block()).isNull();
	}

	@Test
	void aPausedClientIsKnownAsSuspendedAndAChangeOfPolicyAsAnEpoch() {
		KeyDirectory own = rooms.context().getBean(KeyDirectory.class);

		rooms.done("PATCH", "/clients/" + this.client.get("id"), this.token, "{\"charge_by\":\"messages\"}");
		rooms.done("POST", "/clients/" + this.client.get("id") + "/pause", this.token, null);

		ChannelAccess access = own.find(this.key).block();
		assertThat(access.suspended()).isEqualTo("This client is paused");
		assertThat(access.terms().epoch()).isEqualTo(2);
		assertThat(access.terms().policy().chargeBy()).isEqualTo(ChargeBy.MESSAGES);
	}

	@Test
	void aChangeOfLimitsIsKnownWithoutAnEpoch() {
		KeyDirectory own = rooms.context().getBean(KeyDirectory.class);
		assertThat(own.find(this.key).block().terms().limits()).isEqualTo(Limits.NONE);

		rooms.done("PATCH", "/clients/" + this.client.get("id"), this.token,
				"{\"caps\":{\"hard_quantity\":2.5},\"rate_limit\":{\"tokens_per_minute\":7}}");

		Terms terms = own.find(this.key).block().terms();
		assertThat(terms.limits()).isEqualTo(new Limits(null, 2500L, null, 7L));
		assertThat(terms.epoch()).isEqualTo(1);
	}

	@Test
	void aChannelWithoutAClientOpensNothingUntilItHasOne() {
		KeyDirectory own = rooms.context().getBean(KeyDirectory.class);
		String channel = (String) rooms.done("POST", "/channels", this.token, "{\"name\":\"c\"}").get("id");
		String secret = (String) rooms.done("POST", "/channels/" + channel + "/keys", this.token, null).get("secret");
		assertThat(own.find(secret).block()).isNull();

		rooms.done("POST", "/clients/" + this.client.get("id") + "/channels", this.token,
				"{\"channel_id\":\"" + channel + "\"}");

		assertThat(own.find(secret).block()).isNotNull();
	}

	@Test
	void aKeyDiesAtItsTime() {
		watching(NEVER, deadRedis);
		String channel = JsonPath.read(this.client, "$.channels[0].id");
		Instant end = Instant.now().plusSeconds(3600);
		String secret = (String) rooms
			.done("POST", "/channels/" + channel + "/keys", this.token, "{\"expires_at\":\"" + end + "\"}")
			.get("secret");
		assertThat(this.directory.find(secret).block()).isNotNull();

		this.now.set(end);

		assertThat(this.directory.find(secret).block()).isNull();
	}

	@Test
	void withoutPostgresKnownKeysGoOnAndChangedOnesForATime() {
		watching(NEVER, deadRedis);
		ChannelAccess known = find();
		try {
			postgresGoesAway();

			assertThat(find()).isSameAs(known);
			this.directory.changedPerhaps();
			assertThat(find()).isSameAs(known);
			this.now.updateAndGet((at) -> at.plus(Duration.ofMinutes(11)));
			assertThatExceptionOfType(KeysUnavailable.class).isThrownBy(this::find);
		}
		finally {
			postgresComesBack();
		}
		eventually(this::isKnownTwoSecondsLater);
	}

	@Test
	void notesThatCouldNotBeReadForTooLongMakeEveryKeyStale() {
		watching(Duration.ofMillis(200), deadRedis);
		// Once a reading that began now is over, all notes are known, and no more are
		// made.
		int before = this.readings.get();
		eventually(() -> this.readings.get() >= before + 2);
		find();
		rooms.database().execute("update channel_key set revoked_at = now() where id = '" + this.keyId + "'");
		assertThat(find()).isNotNull();

		this.now.updateAndGet((at) -> at.plus(ChangeNotes.WINDOW));

		eventually(() -> find() == null);
	}

	private void watching(Duration pollInterval, ReactiveRedisConnectionFactory redis) {
		ClientProperties properties = new ClientProperties(1000, 100, Duration.ofSeconds(2), 100, Duration.ofSeconds(2),
				Duration.ofMinutes(10), pollInterval);
		Clock clock = new Clock() {

			@Override
			public java.time.ZoneId getZone() {
				return ZoneOffset.UTC;
			}

			@Override
			public Clock withZone(java.time.ZoneId zone) {
				return this;
			}

			@Override
			public Instant instant() {
				return KeyDirectoryIntegrationTests.this.now.get();
			}

		};
		this.directory = new InMemoryKeyDirectory(new KeyBearers(rooms.database().system(),
				rooms.context().getBean(AgencyProviders.class), new BilledPeriods(properties)), properties, clock,
				this.meters);
		DirectoryChanges changes = new DirectoryChanges(rooms.database().system(), rooms.database().tenant(),
				rooms.context().getBean(ReactiveStringRedisTemplate.class));
		ChangeNotes notes = new ChangeNotes(rooms.database().system()) {

			@Override
			Mono<Map<Long, AgencyId>> latest() {
				return super.latest().doOnNext((read) -> KeyDirectoryIntegrationTests.this.readings.incrementAndGet());
			}

		};
		this.watch = new DirectoryWatch(this.directory, notes, changes, redis, properties, clock);
		this.watch.start();
	}

	private ChannelAccess find() {
		return this.directory.find(this.key).block(Duration.ofSeconds(20));
	}

	private static void eventually(BooleanSupplier claim) {
		Instant end = Instant.now().plus(WITHIN);
		while (!claim.getAsBoolean()) {
			assertThat(Instant.now()).as("true within %s", WITHIN).isBefore(end);
			try {
				Thread.sleep(50);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}
	}

	/** It may take a look-up or two until every broken connection is noticed. */
	private boolean isKnownTwoSecondsLater() {
		this.now.updateAndGet((at) -> at.plusSeconds(2));
		try {
			return find() != null;
		}
		catch (KeysUnavailable ex) {
			return false;
		}
	}

	private static void postgresGoesAway() {
		String name = rooms.database().name();
		TestServers.administer("alter database " + name + " with allow_connections false");
		TestServers.administer("select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + name + "'");
	}

	private static void postgresComesBack() {
		TestServers.administer("alter database " + rooms.database().name() + " with allow_connections true");
	}

}
