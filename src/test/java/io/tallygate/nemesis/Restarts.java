package io.tallygate.nemesis;

import java.util.ArrayList;
import java.util.List;

import io.tallygate.nemesis.Attempt.Ending;
import io.tallygate.sandbox.provider.Transcript;

/**
 * What became of the streams when all replicas were restarted, one after the other.
 *
 * @param replicas that were
 * @param open streams at the least, over all replicas, when one was told to stop
 * @param stopped streams that the replicas had which were told to stop
 * @param whole of these
 * @param told of these that they had failed, by an event in the stream
 * @param late of those that were told, whose usage the provider was just sending: it is
 * estimated all the same
 * @param cut of these, without that event
 * @param falseEnds of these that ended as if they were whole, and were not
 * @param elsewhere streams that broke at replicas which nobody stopped
 * @param refused streams that did not begin
 * @param stopMillis from a SIGTERM to the end of the process, the longest
 */
record Restarts(int replicas, int open, int stopped, int whole, int told, int late, int cut, int falseEnds,
		int elsewhere, int refused, long stopMillis) {

	/** One replica has stopped. */
	static Restarts of(int open, List<Attempt> atIt, List<Attempt> elsewhere, long stopMillis) {
		int whole = 0;
		int told = 0;
		int late = 0;
		int falseEnds = 0;
		for (Attempt stream : atIt) {
			if (stream.ending() == Ending.COMPLETE) {
				whole++;
			}
			else if (stream.isFalseEnd()) {
				falseEnds++;
			}
			else if (stream.hasErrorEvent()) {
				told++;
				late += isLate(stream) ? 1 : 0;
			}
		}
		int refused = (int) elsewhere.stream().filter((stream) -> stream.status() != 200).count();
		int broken = (int) elsewhere.stream()
			.filter((stream) -> stream.status() == 200 && stream.ending() != Ending.COMPLETE)
			.count();
		return new Restarts(1, open, atIt.size(), whole, told, late, atIt.size() - whole - told - falseEnds, falseEnds,
				broken, refused, stopMillis);
	}

	private static boolean isLate(Attempt stream) {
		return stream.answers().stream().anyMatch(Transcript.Answer::isReported);
	}

	/** And another. */
	Restarts and(Restarts other) {
		return new Restarts(this.replicas + other.replicas, Math.min(this.open, other.open),
				this.stopped + other.stopped, this.whole + other.whole, this.told + other.told, this.late + other.late,
				this.cut + other.cut, this.falseEnds + other.falseEnds, this.elsewhere + other.elsewhere,
				this.refused + other.refused, Math.max(this.stopMillis, other.stopMillis));
	}

	/** All of these in one. */
	static Restarts sum(List<Restarts> all) {
		List<Restarts> rest = new ArrayList<>(all);
		Restarts first = rest.remove(0);
		return rest.stream().reduce(first, Restarts::and);
	}

}
