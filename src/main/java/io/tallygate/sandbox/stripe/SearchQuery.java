package io.tallygate.sandbox.stripe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Stripe's search language, as far as customers are looked for with it: clauses
 * {@code field:'whole'}, {@code field~'part'} and {@code metadata['key']:'whole'}, joined
 * by {@code AND}.
 */
record SearchQuery(List<Clause> clauses) {

	private static final Pattern CLAUSE = Pattern
		.compile("\\s*(name|email|phone|metadata\\[['\"]([^'\"]+)['\"]])\\s*([:~])\\s*(['\"])(.*?)\\4\\s*");

	record Clause(String field, @Nullable String metadataKey, boolean isPart, String text) {

		boolean matches(JsonNode object) {
			String value = ((this.metadataKey != null) ? object.path("metadata").path(this.metadataKey)
					: object.path(this.field))
				.stringValue("")
				.toLowerCase(Locale.ROOT);
			return this.isPart ? value.contains(this.text) : value.equals(this.text);
		}

	}

	static SearchQuery parse(String query) {
		List<Clause> clauses = new ArrayList<>();
		for (String part : query.split("(?i)\\sAND\\s", -1)) {
			Matcher matcher = CLAUSE.matcher(part);
			if (!matcher.matches()) {
				throw StripeProblem.invalid(null, "query",
						"We were unable to parse your search query at: " + part.strip());
			}
			boolean isPart = matcher.group(3).equals("~");
			if (isPart && matcher.group(5).length() < 3) {
				throw StripeProblem.invalid(null, "query", "A substring to search for must be at least 3 characters");
			}
			clauses
				.add(new Clause(matcher.group(1), matcher.group(2), isPart, matcher.group(5).toLowerCase(Locale.ROOT)));
		}
		return new SearchQuery(clauses);
	}

	/** Where the page begins: its name is the number of results before it. */
	static int offset(@Nullable String page) {
		if (page == null) {
			return 0;
		}
		if (!page.matches("\\d{1,9}")) {
			throw StripeProblem.invalid(null, "page", "Invalid page: " + page);
		}
		return Integer.parseInt(page);
	}

	boolean matches(JsonNode object) {
		return this.clauses.stream().allMatch((clause) -> clause.matches(object));
	}

}
