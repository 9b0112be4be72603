package io.tallygate.core;

import java.util.Collection;
import java.util.Comparator;

/** The "did you mean" of a message about a name that nobody knows. */
public final class Suggestion {

	private Suggestion() {
	}

	/**
	 * A sentence with the known name that is nearest to {@code name}, or nothing when
	 * none is near enough to have been meant.
	 */
	public static String of(String name, Collection<String> known) {
		int distanceMax = Math.max(2, name.length() / 3);
		return known.stream()
			.filter((candidate) -> distance(name, candidate) <= distanceMax)
			.min(Comparator.comparingInt((String candidate) -> distance(name, candidate)).thenComparing((c) -> c))
			.map((nearest) -> "; did you mean '" + nearest + "'?")
			.orElse("");
	}

	/** Levenshtein's: how many characters must be added, taken away or changed. */
	private static int distance(String left, String right) {
		int[] previous = new int[right.length() + 1];
		for (int j = 0; j <= right.length(); j++) {
			previous[j] = j;
		}
		for (int i = 1; i <= left.length(); i++) {
			int[] current = new int[right.length() + 1];
			current[0] = i;
			for (int j = 1; j <= right.length(); j++) {
				int change = previous[j - 1] + ((left.charAt(i - 1) == right.charAt(j - 1)) ? 0 : 1);
				current[j] = Math.min(change, Math.min(previous[j], current[j - 1]) + 1);
			}
			previous = current;
		}
		return previous[right.length()];
	}

}
