package io.tallygate.nemesis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import io.tallygate.nemesis.Fault.Course;
import io.tallygate.nemesis.Fault.Making;
import io.tallygate.nemesis.Fault.Place;
import io.tallygate.nemesis.Manner.Cut;
import io.tallygate.sandbox.stripe.Fault.Kind;

/**
 * All that can go wrong: every process is killed and frozen, every store forgets, fills
 * up and refuses, every way is cut, slow and silent, Stripe says all that it can say, and
 * clocks are set. The provider and Stripe are the witnesses: what is done to them is done
 * on the way to them, or by them.
 */
final class Faults {

	/** After which it is the same process. */
	static final String GATEWAY_FROZEN = "gateway frozen (SIGSTOP)";

	/** Of each a round has one, of these more. */
	private static final int KILLS_A_ROUND = 4;

	private static final int PROBLEMS_MAX = 12;

	private static final List<Duration> SHIFTS = List.of(Duration.ofHours(1), Duration.ofHours(-1), Duration.ofDays(40),
			Duration.ofMinutes(-7));

	private final Scene scene;

	private final Load load;

	private final Deaths deaths;

	private final List<Fault> all = new ArrayList<>();

	Faults(Scene scene, Load load, Deaths deaths) {
		this.scene = scene;
		this.load = load;
		this.deaths = deaths;
		gateways();
		postgres();
		redis();
		stripe();
		ways(Place.PROVIDER, "provider", () -> List.of(scene.toProvider()));
	}

	/** Every fault at least once, in an order of chance. */
	List<Fault> round(Random random) {
		List<Fault> round = new ArrayList<>(this.all);
		Collections.shuffle(round, random);
		return round;
	}

	private void add(Place place, String name, Making making) {
		this.all.add(new Fault(name, place, false, making));
	}

	private void gateways() {
		for (int i = 0; i < KILLS_A_ROUND; i++) {
			add(Place.GATEWAYS, "gateway killed (-9)", (random) -> {
				Gateway gateway = gateway(random);
				return new Course(gateway.name(), () -> this.deaths.kill(gateway, this.load), upTo(3000, random),
						gateway::start);
			});
		}
		for (int i = 0; i < 2; i++) {
			add(Place.GATEWAYS, GATEWAY_FROZEN, (random) -> {
				Gateway gateway = gateway(random);
				return new Course(gateway.name(), gateway.process()::freeze, upTo(6000, random),
						gateway.process()::thaw);
			});
		}
		this.all.add(new Fault("rolling restart (SIGTERM)", Place.GATEWAYS, true,
				(random) -> new Course("", () -> this.scene.gateways().forEach((gateway) -> {
					gateway.stop();
					gateway.start();
				}), Duration.ZERO, Fault.HEALS_ITSELF)));
		for (Gateway gateway : this.scene.gateways()) {
			gateway.clock().ifPresent((clock) -> add(Place.GATEWAYS, "gateway's clock set", (random) -> {
				Duration shift = SHIFTS.get(random.nextInt(SHIFTS.size()));
				return new Course(gateway.name() + " by " + shift, () -> clock.ahead(shift), upTo(5000, random),
						() -> clock.ahead(Duration.ZERO));
			}));
		}
	}

	private Gateway gateway(Random random) {
		return this.scene.gateways().get(random.nextInt(Scene.GATEWAYS));
	}

	private void postgres() {
		PostgresServer postgres = this.scene.postgres();
		for (int i = 0; i < 2; i++) {
			add(Place.POSTGRES, "PostgreSQL killed (-9)",
					(random) -> new Course("", postgres::kill, upTo(3000, random), postgres::restart));
		}
		add(Place.POSTGRES, "process of PostgreSQL killed (-9)",
				(random) -> new Course("", postgres::killOneOfItsProcesses, upTo(500, random), postgres::restart));
		add(Place.POSTGRES, "PostgreSQL frozen (SIGSTOP)",
				(random) -> new Course("", postgres::freeze, upTo(6000, random), postgres::thaw));
		add(Place.POSTGRES, "PostgreSQL read-only", (random) -> new Course("", () -> postgres.readOnly(true),
				upTo(4000, random), () -> postgres.readOnly(false)));
		if (postgres.disk().isMounted()) {
			add(Place.POSTGRES, "PostgreSQL's disk full",
					(random) -> new Course("", postgres.disk()::fill, upTo(5000, random), () -> {
						postgres.disk().free();
						postgres.restart();
					}));
		}
		ways(Place.POSTGRES, "PostgreSQL", () -> this.scene.gateways().stream().map(Gateway::toPostgres).toList());
	}

	private void redis() {
		Redis redis = this.scene.redis();
		for (int i = 0; i < 2; i++) {
			add(Place.REDIS, "Redis killed (-9)", (random) -> {
				RedisNode node = redis.serving(random);
				return new Course("", node::kill, upTo(3000, random), node::start);
			});
			add(Place.REDIS, "Redis failover to a lagging replica", (random) -> {
				Runnable[] promotion = new Runnable[1];
				return new Course("", () -> promotion[0] = redis.failover(random), upTo(2000, random),
						() -> promotion[0].run());
			});
		}
		add(Place.REDIS, "Redis frozen (SIGSTOP)", (random) -> {
			RedisNode node = redis.serving(random);
			return new Course("", node::freeze, upTo(6000, random), node::thaw);
		});
		add(Place.REDIS, "Redis FLUSHALL", (random) -> new Course("", redis::flush, Duration.ZERO, Fault.HEALS_ITSELF));
		add(Place.REDIS, "Redis SCRIPT FLUSH",
				(random) -> new Course("", redis::flushScripts, Duration.ZERO, Fault.HEALS_ITSELF));
		add(Place.REDIS, "Redis's disk full", (random) -> {
			RedisNode node = redis.serving(random);
			return new Course(node.disk().isMounted() ? "" : "no disk of its own: killed instead", () -> {
				if (node.disk().isMounted()) {
					node.disk().fill();
				}
				else {
					node.kill();
				}
			}, upTo(4000, random), () -> {
				node.disk().free();
				node.start();
			});
		});
		ways(Place.REDIS, "Redis",
				() -> this.scene.gateways()
					.stream()
					.flatMap((gateway) -> redis.ways(gateway.number()).stream())
					.distinct()
					.toList());
	}

	private void stripe() {
		for (Kind kind : Kind.values()) {
			String name = "Stripe: " + kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
			boolean isKeyRevoked = kind == Kind.UNAUTHORIZED;
			add(Place.STRIPE, name, (random) -> {
				int times = 1 + random.nextInt(PROBLEMS_MAX);
				io.tallygate.sandbox.stripe.Fault fault = (kind == Kind.SLOW)
						? io.tallygate.sandbox.stripe.Fault.slow(times, Duration.ofMillis(random.nextInt(3000)))
						: io.tallygate.sandbox.stripe.Fault.next(times, kind);
				return new Course(times + " calls", () -> this.scene.stripe().fail(fault), upTo(3000, random), () -> {
					this.scene.stripe().clearFaults();
					if (isKeyRevoked) {
						this.scene.enterStripeKeysAgain();
					}
				});
			});
		}
		ways(Place.STRIPE, "Stripe", () -> this.scene.gateways().stream().map(Gateway::toStripe).toList());
	}

	/** What can be done to the ways to somebody, of one gateway or of all. */
	private void ways(Place place, String to, Supplier<List<Way>> ways) {
		manner(place, "way to " + to + " slow", ways,
				(random) -> Manner.late(Duration.ofMillis(20 + random.nextInt(280))));
		manner(place, "way to " + to + " narrow", ways, (random) -> Manner.narrow(20_000 + random.nextInt(100_000)));
		manner(place, "way to " + to + " cut before the request", ways,
				(random) -> Manner.cutting(Cut.BEFORE_THE_REQUEST, 40));
		manner(place, "way to " + to + " cut before the answer", ways,
				(random) -> Manner.cutting(Cut.BEFORE_THE_ANSWER, 40));
		manner(place, "way to " + to + " cut after the answer", ways,
				(random) -> Manner.cutting(Cut.AFTER_THE_ANSWER, 40));
		manner(place, "way to " + to + " cut after so many bytes", ways,
				(random) -> Manner.cutting(Cut.AFTER_SO_MANY_BYTES, 20_000));
		manner(place, "way to " + to + " silent", ways, (random) -> Manner.SILENT);
		treated(place, "way to " + to + " shut", ways, (random) -> Way::shut);
	}

	private void manner(Place place, String name, Supplier<List<Way>> ways, Function<Random, Manner> manner) {
		treated(place, name, ways, (random) -> {
			Manner chosen = manner.apply(random);
			return (way) -> way.behave(chosen);
		});
	}

	private void treated(Place place, String name, Supplier<List<Way>> ways,
			Function<Random, Consumer<Way>> treatment) {
		add(place, name, (random) -> {
			List<Way> all = ways.get();
			List<Way> some = random.nextBoolean() ? all : List.of(all.get(random.nextInt(all.size())));
			Consumer<Way> treat = treatment.apply(random);
			return new Course((some.size() < all.size()) ? some.get(0).name() : "all", () -> {
				if (place == Place.PROVIDER) {
					this.load.providerCutOff(true);
				}
				some.forEach(treat);
			}, upTo(4000, random), () -> {
				some.forEach(Way::heal);
				if (place == Place.PROVIDER) {
					this.load.providerCutOff(false);
				}
			});
		});
	}

	private static Duration upTo(int millis, Random random) {
		return Duration.ofMillis(200 + random.nextInt(millis));
	}

}
