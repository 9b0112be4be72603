package io.tallygate.relay;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

import io.tallygate.metering.Admission;
import io.tallygate.metering.Meter;
import io.tallygate.metering.MeteringUnavailable;
import io.tallygate.metering.Opening;
import io.tallygate.metering.Outcome;
import reactor.core.publisher.Mono;

/** A meter that writes down what it is asked, late or never where a test wants that. */
final class RecordingMeter implements Meter {

	private final List<Opening> opened = new CopyOnWriteArrayList<>();

	private final List<Outcome> closed = new CopyOnWriteArrayList<>();

	private static final Admission ADMITTED = new Admission.Admitted(Admission.Rates.NONE);

	private volatile Mono<Admission> openAnswer = Mono.just(ADMITTED);

	private volatile Mono<Void> closeAnswer = Mono.empty();

	@Override
	public Mono<Admission> open(Opening opening) {
		return Mono.defer(() -> {
			this.opened.add(opening);
			return this.openAnswer;
		});
	}

	@Override
	public Mono<Void> close(Opening opening, Outcome outcome) {
		return Mono.defer(() -> {
			this.closed.add(outcome);
			return this.closeAnswer;
		});
	}

	void reset() {
		this.opened.clear();
		this.closed.clear();
		this.openAnswer = Mono.just(ADMITTED);
		this.closeAnswer = Mono.empty();
	}

	void refusesToOpen() {
		this.openAnswer = Mono.error(new MeteringUnavailable("both away", Duration.ofSeconds(3)));
	}

	void opensAfter(Duration wait) {
		this.openAnswer = Mono.delay(wait).thenReturn(ADMITTED);
	}

	void says(Admission admission) {
		this.openAnswer = Mono.just(admission);
	}

	void closesAfter(Duration wait) {
		this.closeAnswer = Mono.delay(wait).then();
	}

	void failsToClose() {
		this.closeAnswer = Mono.error(new MeteringUnavailable("both away", Duration.ofSeconds(3)));
	}

	List<Opening> opened() {
		return new ArrayList<>(this.opened);
	}

	/** The one outcome, waited for; and that it stays the only one. */
	Outcome outcome() {
		long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
		while (this.closed.isEmpty() && System.nanoTime() < end) {
			sleep(10);
		}
		sleep(30);
		if (this.closed.size() != 1) {
			throw new AssertionError("Closed " + this.closed.size() + " times: " + this.closed);
		}
		return this.closed.get(0);
	}

	Optional<Outcome> closedSoFar() {
		return this.closed.stream().findFirst();
	}

	private static void sleep(long ms) {
		try {
			Thread.sleep(ms);
		}
		catch (InterruptedException ex) {
			throw new AssertionError(ex);
		}
	}

}
