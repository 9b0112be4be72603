package io.tallygate.sandbox.stripe;

import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * One call's hold on its lane, a customer and meter: taken at the desk, released when the
 * answer has left or the caller has, whichever order these come in.
 */
final class LaneHold {

	private final Set<String> busyLanes;

	private @Nullable String lane;

	private boolean isReleased;

	/** A hold among those of {@code busyLanes}, a set for many threads. */
	LaneHold(Set<String> busyLanes) {
		this.busyLanes = busyLanes;
	}

	/** Occupies the lane; says no if another call does. */
	synchronized boolean take(String lane) {
		if (this.isReleased) {
			return !this.busyLanes.contains(lane);
		}
		if (!this.busyLanes.add(lane)) {
			return false;
		}
		this.lane = lane;
		return true;
	}

	synchronized void release() {
		this.isReleased = true;
		if (this.lane != null) {
			this.busyLanes.remove(this.lane);
			this.lane = null;
		}
	}

}
