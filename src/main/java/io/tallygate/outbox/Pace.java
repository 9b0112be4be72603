package io.tallygate.outbox;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import reactor.core.scheduler.Scheduler;

/**
 * Work that rests after each time: who asks for it in a rest gets it at the end of that,
 * with all the others who do; who asks later gets it at once.
 */
final class Pace {

	private final Duration rest;

	private final Scheduler scheduler;

	private final Runnable onDue;

	private final AtomicReference<State> state = new AtomicReference<>(State.IDLE);

	private final AtomicBoolean due = new AtomicBoolean();

	private enum State {

		IDLE, BUSY, ASKED

	}

	/**
	 * @param scheduler of the rests
	 * @param onDue told when there is work to do
	 */
	Pace(Duration rest, Scheduler scheduler, Runnable onDue) {
		this.rest = rest;
		this.scheduler = scheduler;
		this.onDue = onDue;
	}

	/** There will be work done that begins after this. */
	void ask() {
		if (this.state.getAndUpdate((state) -> (state == State.IDLE) ? State.BUSY : State.ASKED) == State.IDLE) {
			this.due.set(true);
			this.onDue.run();
		}
	}

	/** Whether work is to be done now; whoever hears so does it, and says when it is. */
	boolean takeUp() {
		return this.due.getAndSet(false);
	}

	/** The work has been done, and the rest begins. */
	void done() {
		this.scheduler.schedule(this::rested, this.rest.toMillis(), TimeUnit.MILLISECONDS);
	}

	private void rested() {
		if (this.state.getAndSet(State.IDLE) == State.ASKED) {
			ask();
		}
	}

}
