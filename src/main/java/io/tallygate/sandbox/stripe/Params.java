package io.tallygate.sandbox.stripe;

import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The parameters of a call, a tree made of their bracketed names: of
 * {@code items[0][price]=p&expand[]=x} the text {@code price} is in the first of the
 * {@code items}. Each way of reading one refuses a wrong value in Stripe's words.
 */
final class Params {

	/** More parameters than this in one call are refused. */
	static final int COUNT_MAX = 1_000;

	private static final Pattern NAME = Pattern.compile("([^\\[\\]]+)((?:\\[[^\\[\\]]*])*)");

	private static final Pattern BRACKET = Pattern.compile("\\[([^\\[\\]]*)]");

	private final ObjectNode tree;

	private final String path;

	private Params(ObjectNode tree, String path) {
		this.tree = tree;
		this.path = path;
	}

	/** Reads form encoding: a query string and a body may be given, each may be empty. */
	static Params parse(String... forms) {
		ObjectNode tree = Json.object();
		int count = 0;
		for (String form : forms) {
			for (String pair : form.split("&", -1)) {
				if (pair.isEmpty()) {
					continue;
				}
				if (++count > COUNT_MAX) {
					throw StripeProblem.invalid(null, null, "Too many parameters: at most " + COUNT_MAX + " are read");
				}
				int equals = pair.indexOf('=');
				String name = decode((equals < 0) ? pair : pair.substring(0, equals));
				put(tree, name, (equals < 0) ? "" : decode(pair.substring(equals + 1)));
			}
		}
		return new Params(tree, "");
	}

	/** Reads a JSON object as the newer API takes it; lists get numbers for names. */
	static Params parseJson(String query, String json) {
		Params params = parse(query);
		try {
			ObjectNode read = Json.read(json);
			read.properties().forEach((entry) -> params.tree.set(entry.getKey(), texts(entry.getValue())));
			return params;
		}
		catch (JacksonException ex) {
			throw StripeProblem.invalid(null, null, "The body is no JSON object");
		}
	}

	private static JsonNode texts(JsonNode node) {
		if (!node.isContainer()) {
			return JsonNodeFactory.instance.stringNode(node.asString(""));
		}
		ObjectNode texts = Json.object();
		node.properties().forEach((entry) -> texts.set(entry.getKey(), texts(entry.getValue())));
		for (int i = 0; i < node.size() && node.isArray(); i++) {
			texts.set(Integer.toString(i), texts(node.get(i)));
		}
		return texts;
	}

	private static String decode(String text) {
		try {
			return URLDecoder.decode(text, StandardCharsets.UTF_8);
		}
		catch (IllegalArgumentException ex) {
			throw StripeProblem.invalid(null, null, "Invalid form encoding");
		}
	}

	private static void put(ObjectNode tree, String name, String value) {
		Matcher matcher = NAME.matcher(name);
		if (!matcher.matches()) {
			throw unknown(name);
		}
		ObjectNode node = tree;
		String key = matcher.group(1);
		Matcher bracket = BRACKET.matcher(matcher.group(2));
		while (bracket.find()) {
			node = (node.get(key) instanceof ObjectNode child) ? child : node.putObject(key);
			key = bracket.group(1).isEmpty() ? Integer.toString(node.size()) : bracket.group(1);
		}
		node.put(key, value);
	}

	static StripeProblem unknown(String name) {
		return StripeProblem.invalid("parameter_unknown", name, "Received unknown parameter: " + name);
	}

	boolean has(String name) {
		return this.tree.has(name);
	}

	/** The text of a parameter, null when absent or empty. */
	@Nullable String text(String name) {
		String value = this.tree.path(name).stringValue("");
		return value.isEmpty() ? null : value;
	}

	String text(String name, String defaultValue) {
		String value = text(name);
		return (value != null) ? value : defaultValue;
	}

	/** The text of a parameter that has to be there, of at most {@code lengthMax}. */
	String required(String name, int lengthMax) {
		if (!has(name)) {
			throw StripeProblem.invalid("parameter_missing", name(name), "Missing required param: " + name(name) + ".");
		}
		String value = text(name);
		if (value == null) {
			throw StripeProblem.invalid("parameter_invalid_empty", name(name),
					"You passed an empty string for '" + name(name) + "'. It may not be empty.");
		}
		if (value.length() > lengthMax) {
			throw StripeProblem.invalid(null, name(name),
					"Invalid string: " + name(name) + " must be at most " + lengthMax + " characters");
		}
		return value;
	}

	/** One of a few words, null when absent. */
	@Nullable String choice(String name, String... allowed) {
		String value = text(name);
		if (value == null || List.of(allowed).contains(value)) {
			return value;
		}
		throw StripeProblem.invalid(null, name(name),
				"Invalid " + name(name) + ": must be one of " + String.join(", ", allowed));
	}

	/** A whole number, null when absent. */
	@Nullable Long whole(String name) {
		String value = text(name);
		try {
			return (value != null) ? Long.valueOf(value) : null;
		}
		catch (NumberFormatException ex) {
			throw StripeProblem.invalid("parameter_invalid_integer", name(name), "Invalid integer: " + value);
		}
	}

	/** A decimal number of at most twelve places, null when absent. */
	@Nullable BigDecimal decimal(String name) {
		String value = text(name);
		try {
			if (value == null) {
				return null;
			}
			BigDecimal decimal = new BigDecimal(value);
			if (decimal.scale() > 12 || decimal.precision() > 40) {
				throw StripeProblem.invalid(null, name(name),
						"Invalid decimal: " + name(name) + " must contain at maximum 12 decimal places");
			}
			return decimal;
		}
		catch (NumberFormatException ex) {
			throw StripeProblem.invalid(null, name(name), "Invalid decimal: " + value);
		}
	}

	/** A yes or no, null when absent. */
	@Nullable Boolean flag(String name) {
		String value = choice(name, "true", "false");
		return (value != null) ? Boolean.valueOf(value) : null;
	}

	/** The parameters below {@code name}, none if there are none. */
	Params child(String name) {
		return (this.tree.get(name) instanceof ObjectNode child) ? new Params(child, name(name))
				: new Params(Json.object(), name(name));
	}

	/** The elements of a list of parameters, in the order of their numbers. */
	List<Params> children(String name) {
		List<Params> children = new ArrayList<>();
		Params list = child(name);
		for (String index : list.names()) {
			children.add(list.child(index));
		}
		return children;
	}

	/** The elements of a list of texts. */
	List<String> texts(String name) {
		List<String> texts = new ArrayList<>();
		child(name).tree.properties().forEach((entry) -> texts.add(entry.getValue().stringValue("")));
		return texts;
	}

	/** The names right below this one. */
	List<String> names() {
		return List.copyOf(this.tree.propertyNames());
	}

	/** The full name, brackets and all, of a parameter below this one. */
	String name(String name) {
		return this.path.isEmpty() ? name : this.path + "[" + name + "]";
	}

	/** A copy of everything here as a tree of texts. */
	ObjectNode copy() {
		return this.tree.deepCopy();
	}

	/** All values by their full names. */
	SortedMap<String, String> leaves() {
		SortedMap<String, String> leaves = new TreeMap<>();
		leaves(this.tree, "", leaves);
		return leaves;
	}

	private static void leaves(ObjectNode node, String path, Map<String, String> leaves) {
		for (Map.Entry<String, JsonNode> entry : node.properties()) {
			String name = path.isEmpty() ? entry.getKey() : path + "[" + entry.getKey() + "]";
			if (entry.getValue() instanceof ObjectNode child) {
				leaves(child, name, leaves);
			}
			else {
				leaves.put(name, entry.getValue().stringValue(""));
			}
		}
	}

	/** The same for two calls of a URL only if they ask the same, in whatever order. */
	String fingerprint(String url) {
		try {
			byte[] digest = MessageDigest.getInstance("SHA-256")
				.digest((url + leaves()).getBytes(StandardCharsets.UTF_8));
			return HexFormat.of().formatHex(digest);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException("Every JVM has SHA-256", ex);
		}
	}

}
