package io.tallygate.sandbox.stripe;

import java.util.List;
import java.util.function.LongPredicate;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Stripe's lists: newest first, a page at a time. */
final class Listing {

	/** Parameters of every list. */
	static final String[] PAGE = { "limit", "starting_after", "ending_before" };

	private Listing() {
	}

	/** The page that the call asks for. */
	static ObjectNode page(Call call, String url, List<ObjectNode> newestFirst) {
		Params params = call.params();
		int limit = limit(params);
		int from = 0;
		int to = newestFirst.size();
		boolean hasMore;
		String after = params.text("starting_after");
		String before = params.text("ending_before");
		if (before != null) {
			to = position(newestFirst, before, "ending_before");
			from = Math.max(0, to - limit);
			hasMore = from > 0;
		}
		else {
			from = (after != null) ? position(newestFirst, after, "starting_after") + 1 : 0;
			to = Math.min(newestFirst.size(), from + limit);
			hasMore = to < newestFirst.size();
		}
		ObjectNode list = Json.object().put("object", "list").put("url", url).put("has_more", hasMore);
		list.putArray("data").addAll(newestFirst.subList(from, to));
		return list;
	}

	static int limit(Params params) {
		Long limit = params.whole("limit");
		if (limit == null) {
			return 10;
		}
		if (limit < 1 || limit > 100) {
			throw StripeProblem.invalid((limit < 1) ? "parameter_invalid_integer" : null, "limit",
					"Invalid limit: must be between 1 and 100 but was " + limit);
		}
		return limit.intValue();
	}

	/** Whether the object was made in the time that {@code created} asks for. */
	static boolean isCreatedWithin(Params params, JsonNode object) {
		long created = object.path("created").asLong();
		Params range = params.child("created");
		return isUnset(params.whole("created"), (at) -> created == at)
				&& isUnset(range.whole("gt"), (at) -> created > at)
				&& isUnset(range.whole("gte"), (at) -> created >= at)
				&& isUnset(range.whole("lt"), (at) -> created < at)
				&& isUnset(range.whole("lte"), (at) -> created <= at);
	}

	private static boolean isUnset(@Nullable Long bound, LongPredicate holds) {
		return bound == null || holds.test(bound);
	}

	/** Whether a filter of the call is absent, or equal to the field of the object. */
	static boolean matches(Params params, String name, JsonNode object) {
		String wanted = params.text(name);
		return wanted == null || wanted.equals(object.path(name).asString(""));
	}

	private static int position(List<ObjectNode> objects, String id, String param) {
		for (int i = 0; i < objects.size(); i++) {
			if (Json.text(objects.get(i), "id").equals(id)) {
				return i;
			}
		}
		throw StripeProblem.noSuch("object", id, param);
	}

}
