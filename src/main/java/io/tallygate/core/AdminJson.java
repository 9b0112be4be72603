package io.tallygate.core;

import org.springframework.stereotype.Component;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON as the admin API reads and writes it: snake_case, and strict, because a field that
 * is misspelt or of another type would otherwise be a setting that silently is not set.
 */
@Component
public class AdminJson {

	private final JsonMapper mapper = JsonMapper.builder()
		.propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
		.disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY, MapperFeature.ALLOW_COERCION_OF_SCALARS)
		.enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
		.enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE, EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
		.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
		.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
		.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
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
