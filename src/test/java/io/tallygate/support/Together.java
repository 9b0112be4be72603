package io.tallygate.support;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many callers at the same time. */
public final class Together {

	private Together() {
	}

	/**
	 * Does all of this, so many at once, and yields the results in the order of the
	 * tasks.
	 */
	public static <T> List<T> run(int atOnce, List<? extends Callable<T>> tasks) {
		ExecutorService threads = Executors.newFixedThreadPool(atOnce);
		try {
			List<T> results = new ArrayList<>();
			for (Future<T> future : threads.invokeAll(tasks)) {
				results.add(future.get());
			}
			return results;
		}
		catch (ExecutionException ex) {
			throw new AssertionError(ex.getCause());
		}
		catch (InterruptedException ex) {
			throw new AssertionError(ex);
		}
		finally {
			threads.shutdownNow();
		}
	}

}
