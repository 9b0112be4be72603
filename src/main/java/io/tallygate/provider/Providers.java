package io.tallygate.provider;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The providers of one agency, and which of them serves a model: the one whose pattern
 * has the longest literal beginning, of equals the oldest; where no pattern fits, the
 * oldest default.
 *
 * @param all in no particular order
 */
public record Providers(List<Provider> all) {

	public Providers {
		all = all.stream().sorted(Comparator.comparing(Provider::createdAt)).toList();
	}

	/** The provider that serves {@code model}, if any does. */
	public Optional<Provider> serving(String model) {
		Provider best = null;
		int longest = -1;
		for (Provider provider : this.all) {
			for (ModelPattern pattern : provider.models()) {
				if (pattern.matches(model) && pattern.literal().length() > longest) {
					best = provider;
					longest = pattern.literal().length();
				}
			}
		}
		return (best != null) ? Optional.of(best) : this.all.stream().filter(Provider::isDefault).findFirst();
	}

	/** What an error message lists when a model is served by nobody. */
	public List<String> served() {
		return this.all.stream().flatMap((provider) -> provider.models().stream()).map(ModelPattern::text).toList();
	}

}
