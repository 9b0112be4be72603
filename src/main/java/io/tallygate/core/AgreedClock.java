package io.tallygate.core;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * The time that all replicas agree on: what a server that they share said last, carried
 * on by a counter that nobody sets. So a replica whose own clock is wrong, or is set
 * while it runs, dates nothing wrongly. Until a server has spoken, it is this machine's
 * own clock.
 */
public final class AgreedClock implements InstantSource {

	/** So far the agreed time may lag behind. */
	private static final long ANSWER_NANOS_MAX = Duration.ofSeconds(1).toNanos();

	private final InstantSource own;

	private final LongSupplier nanos;

	private volatile @Nullable Anchor anchor;

	/**
	 * What a server said.
	 *
	 * @param time the server's
	 * @param nanos our counter when we heard it
	 */
	private record Anchor(Instant time, long nanos) {
	}

	/**
	 * @param own this machine's clock
	 * @param nanos a counter of nanoseconds that only rises, {@link System#nanoTime()}
	 */
	public AgreedClock(InstantSource own, LongSupplier nanos) {
		this.own = own;
		this.nanos = nanos;
	}

	/** The counter that nobody sets, for how long something takes. */
	public long nanos() {
		return this.nanos.getAsLong();
	}

	/**
	 * A shared server says that it is {@code time}. An answer that came late, perhaps
	 * because this process stood still, says nothing about now.
	 * @param asked {@link #nanos()} when the server was asked
	 */
	public void told(long asked, Instant time) {
		long heard = this.nanos.getAsLong();
		if (heard - asked <= ANSWER_NANOS_MAX) {
			this.anchor = new Anchor(time, heard);
		}
	}

	/** Whether any server has spoken. */
	public boolean isTold() {
		return this.anchor != null;
	}

	/** How far this machine's own clock is ahead of the agreed time. */
	public Duration ownAhead() {
		return Duration.between(instant(), this.own.instant());
	}

	@Override
	public Instant instant() {
		Anchor last = this.anchor;
		return (last != null) ? last.time().plusNanos(this.nanos.getAsLong() - last.nanos()) : this.own.instant();
	}

}
