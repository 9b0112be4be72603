package io.tallygate.core;

import java.util.List;

import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.type.LogicalType;

/**
 * JSON as the admin API reads and writes it: snake_case, and strict, because a field that
 * is misspelt or of another type would otherwise be a setting that silently is not set.
 */
@Component
public class AdminJson {

	/** Fields that hold a secret in the answer that made it, and in no other. */
	private static final List<String> ONCE_ONLY = List.of("secret", "admin_token");

	private final JsonMapper mapper = JsonMapper.builder()
		.propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
		.disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY, MapperFeature.ALLOW_COERCION_OF_SCALARS)
		.withCoercionConfig(LogicalType.Textual,
				(text) -> text.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
					.setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
					.setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
		.enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
		.enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE, EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
		.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
		.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
		.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
		.build();

	private final JsonMapper sorted = this.mapper.rebuild()
		.enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
		.enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
		.build();

	JsonMapper mapper() {
		return this.mapper;
	}

	byte[] write(Object value) {
		return this.mapper.writeValueAsBytes(value);
	}

	/**
	 * What {@code current} becomes by a PATCH: an RFC 7396 merge, so that an absent field
	 * stays and a null one goes. Checked as strictly as a body that sets everything.
	 */
	public <T> T patched(T current, ObjectNode patch, Class<T> type) {
		ObjectNode merged = this.mapper.valueToTree(current);
		merge(merged, patch);
		return this.mapper.treeToValue(merged, type);
	}

	/**
	 * What may be shown again of an answer that is JSON: of the secrets that are shown
	 * once it says that they were there. Anything else stays as it is.
	 */
	public byte[] withoutSecrets(byte[] answer) {
		try {
			JsonNode tree = this.mapper.readTree(answer);
			ONCE_ONLY.forEach(
					(secret) -> tree.findParents(secret).forEach((parent) -> ((ObjectNode) parent).putNull(secret)));
			return this.mapper.writeValueAsBytes(tree);
		}
		catch (JacksonException ex) {
			return answer;
		}
	}

	/** The same for two texts that are the same JSON, in whatever order. */
	public byte[] canonical(byte[] json) {
		try {
			return this.sorted.writeValueAsBytes(this.sorted.readValue(json, Object.class));
		}
		catch (JacksonException ex) {
			return json;
		}
	}

	private static void merge(ObjectNode target, ObjectNode patch) {
		for (var field : patch.properties()) {
			JsonNode present = target.get(field.getKey());
			if (field.getValue() instanceof ObjectNode nested && present instanceof ObjectNode object) {
				merge(object, nested);
			}
			else {
				target.set(field.getKey(), field.getValue());
			}
		}
	}

}
