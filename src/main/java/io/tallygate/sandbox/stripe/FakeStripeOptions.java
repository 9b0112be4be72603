package io.tallygate.sandbox.stripe;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * How a fake Stripe starts.
 *
 * @param port on 127.0.0.1; 0 takes any that is free
 * @param directory where its journal is, and stays
 * @param keys that it answers to from the start
 * @param seeds objects that are there from the start
 * @param aggregationLag how old an event is when summaries first count it
 * @param latency how long each answer takes at least; two calls of one customer and meter
 * that overlap in it are noticed
 * @param webhookPause before a webhook that was not taken is posted again; it doubles
 * with each attempt
 * @param clock the time, for everything but latency
 * @param random for ids and keys
 */
public record FakeStripeOptions(int port, Path directory, List<SandboxKey> keys, List<Seed> seeds,
		Duration aggregationLag, Duration latency, Duration webhookPause, InstantSource clock, RandomGenerator random) {

	public FakeStripeOptions {
		if (aggregationLag.isNegative() || latency.isNegative() || webhookPause.isNegative()) {
			throw new IllegalArgumentException("aggregationLag, latency and webhookPause must not be negative");
		}
		keys = List.copyOf(keys);
		seeds = List.copyOf(seeds);
	}

	/** Any port, no keys, events aggregated after two seconds. */
	public static FakeStripeOptions in(Path directory) {
		return new FakeStripeOptions(0, directory, List.of(), List.of(), Duration.ofSeconds(2), Duration.ZERO,
				Duration.ofSeconds(1), InstantSource.system(), new SecureRandom());
	}

	public FakeStripeOptions withPort(int port) {
		return new FakeStripeOptions(port, this.directory, this.keys, this.seeds, this.aggregationLag, this.latency,
				this.webhookPause, this.clock, this.random);
	}

	/** One more key to answer to. */
	public FakeStripeOptions withKey(SandboxKey key) {
		return new FakeStripeOptions(this.port, this.directory, append(this.keys, List.of(key)), this.seeds,
				this.aggregationLag, this.latency, this.webhookPause, this.clock, this.random);
	}

	/** More objects to have from the start. */
	public FakeStripeOptions withSeeds(List<Seed> seeds) {
		return new FakeStripeOptions(this.port, this.directory, this.keys, append(this.seeds, seeds),
				this.aggregationLag, this.latency, this.webhookPause, this.clock, this.random);
	}

	/** The demo agency's account: see {@link DemoCatalogue}. */
	public FakeStripeOptions withDemo() {
		return withKey(DemoCatalogue.KEY).withSeeds(DemoCatalogue.seeds());
	}

	public FakeStripeOptions withAggregationLag(Duration aggregationLag) {
		return new FakeStripeOptions(this.port, this.directory, this.keys, this.seeds, aggregationLag, this.latency,
				this.webhookPause, this.clock, this.random);
	}

	public FakeStripeOptions withLatency(Duration latency) {
		return new FakeStripeOptions(this.port, this.directory, this.keys, this.seeds, this.aggregationLag, latency,
				this.webhookPause, this.clock, this.random);
	}

	public FakeStripeOptions withClock(InstantSource clock) {
		return new FakeStripeOptions(this.port, this.directory, this.keys, this.seeds, this.aggregationLag,
				this.latency, this.webhookPause, clock, this.random);
	}

	public FakeStripeOptions withWebhookPause(Duration webhookPause) {
		return new FakeStripeOptions(this.port, this.directory, this.keys, this.seeds, this.aggregationLag,
				this.latency, webhookPause, this.clock, this.random);
	}

	private static <T> List<T> append(List<T> some, List<T> more) {
		List<T> all = new ArrayList<>(some);
		all.addAll(more);
		return all;
	}

}
