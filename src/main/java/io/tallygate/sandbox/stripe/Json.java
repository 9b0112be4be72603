package io.tallygate.sandbox.stripe;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Stripe's objects are kept as the trees that they are on the wire. */
final class Json {

	private static final JsonMapper MAPPER = JsonMapper.builder().build();

	private Json() {
	}

	static ObjectNode object() {
		return JsonNodeFactory.instance.objectNode();
	}

	static ArrayNode array() {
		return JsonNodeFactory.instance.arrayNode();
	}

	static byte[] bytes(JsonNode node) {
		return MAPPER.writeValueAsBytes(node);
	}

	static String write(JsonNode node) {
		return MAPPER.writeValueAsString(node);
	}

	/** Reads an object; anything else is a {@code JacksonException}. */
	static ObjectNode read(byte[] json) {
		return MAPPER.readValue(json, ObjectNode.class);
	}

	/** Reads an object; anything else is a {@code JacksonException}. */
	static ObjectNode read(String json) {
		return MAPPER.readValue(json, ObjectNode.class);
	}

	/** The text of a field, empty when it is absent or null. */
	static String text(JsonNode node, String field) {
		return node.path(field).stringValue("");
	}

}
