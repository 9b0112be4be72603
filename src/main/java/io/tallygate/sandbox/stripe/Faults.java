package io.tallygate.sandbox.stripe;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * The faults that wait for their calls, met in the order in which they were asked for.
 */
final class Faults {

	private static final int WAITING_MAX = 1_000;

	private final List<Fault> waiting = new ArrayList<>();

	synchronized void add(Fault fault) {
		if (this.waiting.size() >= WAITING_MAX) {
			throw new IllegalStateException("At most " + WAITING_MAX + " faults wait at a time");
		}
		this.waiting.add(fault);
	}

	synchronized void clear() {
		this.waiting.clear();
	}

	synchronized List<Fault> waiting() {
		return List.copyOf(this.waiting);
	}

	/**
	 * Takes what the next call of this account meets, if anything; of a call that reports
	 * no meter event with the path.
	 */
	synchronized @Nullable Fault next(String account, @Nullable String path) {
		Fault fault = this.waiting.stream()
			.filter((waiting) -> waiting.account() == null || waiting.account().equals(account))
			.filter((waiting) -> Objects.equals(waiting.path(), path))
			.findFirst()
			.orElse(null);
		if (fault == null) {
			return null;
		}
		int index = this.waiting.indexOf(fault);
		if (fault.times() == 1) {
			this.waiting.remove(index);
		}
		else {
			this.waiting.set(index, fault.withTimes(fault.times() - 1));
		}
		return fault;
	}

}
