package io.tallygate.metering;

import java.time.InstantSource;
import java.util.Random;

import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Wire;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** A witness for tests in which PostgreSQL loses nothing. */
public final class TestWitness {

	/** Always. */
	public static final Certainty CERTAIN = new Certainty() {

		@Override
		public boolean isCertain() {
			return true;
		}

		@Override
		public Mono<Boolean> becomesCertain() {
			return Mono.just(true);
		}

	};

	private TestWitness() {
	}

	/** One that tells nobody else. */
	public static Witness alone() {
		InMemoryRedis redis = new InMemoryRedis(InstantSource.system(), Bug.NONE);
		return new Witness(redis.over(new Wire(Schedulers.parallel(), () -> 0, Schedulers.parallel(), new Random(), 0)),
				InstantSource.system());
	}

}
