package io.tallygate.support;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for what another process does in its own time. */
public final class Wait {

	private Wait() {
	}

	/** Until it holds, or the test fails after so many seconds. */
	public static void until(String what, int secondsMax, BooleanSupplier holds) {
		until(what, secondsMax, holds, () -> "");
	}

	/** Until it holds, or the test fails with this explanation. */
	public static void until(String what, int secondsMax, BooleanSupplier holds, Supplier<String> otherwise) {
		long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(secondsMax);
		while (!holds.getAsBoolean()) {
			if (System.nanoTime() > deadline) {
				throw new AssertionError("No " + what + " within " + secondsMax + " s. " + otherwise.get());
			}
			pause(100);
		}
	}

	/** Lets time pass. */
	public static void pause(long millis) {
		try {
			TimeUnit.MILLISECONDS.sleep(millis);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted", ex);
		}
	}

}
