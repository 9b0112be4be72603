package io.tallygate.sandbox.stripe;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * The parameters that an endpoint knows. A list's index is written {@code []}, a free
 * name {@code [*]}, and {@code address[**]} allows whatever is below the address.
 */
record Allowed(Set<String> names) {

	private static final Pattern INDEX = Pattern.compile("\\[\\d*]");

	static Allowed of(String... names) {
		return new Allowed(Set.of(names));
	}

	/** Refuses the first parameter that is not known. */
	void check(Params params) {
		params.leaves().keySet().stream().filter((leaf) -> !knows(leaf)).findFirst().ifPresent((leaf) -> {
			throw Params.unknown(leaf);
		});
	}

	private boolean knows(String leaf) {
		String name = INDEX.matcher(leaf).replaceAll("[]");
		int bracket = leaf.indexOf('[');
		String root = (bracket < 0) ? leaf : leaf.substring(0, bracket);
		return this.names.contains(name) || root.equals("expand") || this.names.contains(root + "[**]")
				|| (bracket >= 0 && leaf.indexOf('[', bracket + 1) < 0 && this.names.contains(root + "[*]"));
	}

}
