package io.tallygate.bench;

import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What a load saw. Times count between {@link #begin()} and {@link #end()} only, faults
 * always. Touched on the client's event loop only, until the load is over.
 */
final class Tally {

	private static final int DIGITS = 3;

	/** From the planned start of a request to the last byte of its answer. */
	final Histogram whole = new Histogram(DIGITS);

	/** From the planned start of a stream to its first chunk. */
	final Histogram first = new Histogram(DIGITS);

	/** From the provider's write of a chunk to its arrival. */
	final Histogram chunk = new Histogram(DIGITS);

	/** From the provider's write of a stream's last chunk to the stream's end. */
	final Histogram last = new Histogram(DIGITS);

	/** Answers that ended. */
	long answers;

	long wrong;

	volatile @Nullable String fault;

	private boolean counts;

	void begin() {
		this.whole.reset();
		this.first.reset();
		this.chunk.reset();
		this.last.reset();
		this.answers = 0;
		this.counts = true;
	}

	void end() {
		this.counts = false;
	}

	void record(Histogram times, long nanos) {
		if (this.counts) {
			times.recordValue(Math.max(0, nanos));
		}
	}

	void answered() {
		if (this.counts) {
			this.answers++;
		}
	}

	void wrong(String what) {
		this.wrong++;
		if (this.fault == null) {
			this.fault = what;
		}
	}

}
