package io.tallygate.support;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a class of tests that leaves something of Netty's unreleased, where
 * {@link LeakWitness} watches: in the whole check. JUnit finds it by itself
 * ({@code META-INF/services}), so that no test can forget it; it comes after all that a
 * class does itself in its end.
 */
public final class NoLeaks implements AfterAllCallback {

	private static final int NAMED_MAX = 5;

	/** Classes that ran in this JVM, the latest last. */
	private static final List<String> RAN = new ArrayList<>();

	@Override
	public void afterAll(ExtensionContext context) {
		Class<?> type = context.getRequiredTestClass();
		if (type.getEnclosingClass() != null) {
			return;
		}
		List<String> leaks = LeakWitness.look();
		if (!leaks.isEmpty()) {
			throw new AssertionError(leaks.size() + " leaks were found at the end of " + type.getName()
					+ ", before which ran in this JVM " + RAN + ". Whoever was given the buffer last should have "
					+ "released it:\n" + String.join("\n\n", leaks));
		}
		RAN.add(type.getSimpleName());
		if (RAN.size() > NAMED_MAX) {
			RAN.remove(0);
		}
	}

}
