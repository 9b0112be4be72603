package io.tallygate.outbox;

/** Told what happens to meter events, for the console of the sandbox. Must not block. */
public interface OutboxListener {

	/** Units were cut from an account. */
	default void cut(MeterEventRow row) {
	}

	/** Stripe has them. */
	default void delivered(MeterEventRow row) {
	}

	/** A person has to look. */
	default void parked(MeterEventRow row) {
	}

}
