package io.tallygate.sandbox.provider;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

import io.tallygate.core.Secret;

/**
 * How a fake provider starts.
 *
 * @param port on 127.0.0.1; 0 takes any that is free
 * @param apiKey that callers must have
 * @param chunkDelay before each chunk of a stream, and before an answer in one piece
 * @param clock the time that answers carry
 * @param random for ids
 * @param witness hears every answer before its usage leaves
 */
public record FakeProviderOptions(int port, Secret apiKey, Duration chunkDelay, InstantSource clock,
		RandomGenerator random, Transcript.Witness witness) {

	public FakeProviderOptions {
		if (chunkDelay.isNegative()) {
			throw new IllegalArgumentException("chunkDelay must not be negative but was " + chunkDelay);
		}
	}

	/** Any port, 20 ms a chunk. */
	public static FakeProviderOptions of(Secret apiKey) {
		return new FakeProviderOptions(0, apiKey, Duration.ofMillis(20), InstantSource.system(), new SecureRandom(),
				Transcript.Witness.NONE);
	}

	public FakeProviderOptions withPort(int port) {
		return new FakeProviderOptions(port, this.apiKey, this.chunkDelay, this.clock, this.random, this.witness);
	}

	public FakeProviderOptions withChunkDelay(Duration chunkDelay) {
		return new FakeProviderOptions(this.port, this.apiKey, chunkDelay, this.clock, this.random, this.witness);
	}

	public FakeProviderOptions withWitness(Transcript.Witness witness) {
		return new FakeProviderOptions(this.port, this.apiKey, this.chunkDelay, this.clock, this.random, witness);
	}

}
