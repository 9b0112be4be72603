package io.tallygate.core;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.BeanProperty;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.jsonFormatVisitors.JsonAnyFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonArrayFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonBooleanFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonFormatTypes;
import tools.jackson.databind.jsonFormatVisitors.JsonFormatVisitable;
import tools.jackson.databind.jsonFormatVisitors.JsonFormatVisitorWrapper;
import tools.jackson.databind.jsonFormatVisitors.JsonIntegerFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonMapFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonNumberFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonObjectFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonStringFormatVisitor;
import tools.jackson.databind.jsonFormatVisitors.JsonValueFormat;
import tools.jackson.databind.node.ObjectNode;

/**
 * The JSON schemas of what the admin API reads and writes, told by the Jackson that does
 * both, so that no name and no enum can be another than on the wire. Each record is
 * described once and referred to by its name.
 */
final class JsonSchemas {

	static final String REFERENCE = "#/components/schemas/";

	private static final String TYPE = "type";

	private final JsonMapper mapper;

	private final ObjectNode named;

	JsonSchemas(JsonMapper mapper) {
		this.mapper = mapper;
		this.named = mapper.createObjectNode();
	}

	/** The records that were referred to so far, by name. */
	ObjectNode named() {
		return this.named;
	}

	/** The schema of a type. */
	ObjectNode of(JavaType type) {
		Class<?> raw = type.getRawClass();
		if (!raw.isRecord() || type.hasGenericTypes()) {
			return described(type);
		}
		String name = name(raw);
		if (!this.named.has(name)) {
			// Kept first, for a record that holds others of its own kind.
			this.named.putObject(name).put(TYPE, "object");
			this.named.set(name, described(type));
		}
		return this.mapper.createObjectNode().put("$ref", REFERENCE + name);
	}

	private static String name(Class<?> raw) {
		return raw.getName().substring(raw.getPackageName().length() + 1).replace("$", "");
	}

	private ObjectNode described(JavaType type) {
		ObjectNode schema = this.mapper.createObjectNode();
		this.mapper.acceptJsonFormatVisitor(type, new Describing(schema));
		return schema;
	}

	/** Whether a property may be null: its record says so. */
	private static boolean isNullable(BeanProperty property) {
		Member member = (property.getMember() != null) ? property.getMember().getMember() : null;
		AnnotatedType type = (member instanceof Method method) ? method.getAnnotatedReturnType()
				: (member instanceof Field field) ? field.getAnnotatedType() : null;
		return type != null && type.isAnnotationPresent(Nullable.class);
	}

	/** Fills a schema in while Jackson says how it writes a type. */
	private final class Describing extends JsonFormatVisitorWrapper.Base {

		private final ObjectNode schema;

		Describing(ObjectNode schema) {
			this.schema = schema;
		}

		@Override
		public JsonObjectFormatVisitor expectObjectFormat(JavaType type) {
			this.schema.put(TYPE, "object");
			return new Properties(this.schema, getContext());
		}

		@Override
		public JsonArrayFormatVisitor expectArrayFormat(JavaType type) {
			this.schema.put(TYPE, "array");
			if (type.getContentType() != null) {
				this.schema.set("items", JsonSchemas.this.of(type.getContentType()));
			}
			return new JsonArrayFormatVisitor.Base(getContext()) {
				@Override
				public void itemsFormat(JsonFormatTypes format) {
					Describing.this.schema.putObject("items").put(TYPE, format.value());
				}
			};
		}

		@Override
		public JsonMapFormatVisitor expectMapFormat(JavaType type) {
			this.schema.put(TYPE, "object");
			return new JsonMapFormatVisitor.Base(getContext()) {
				@Override
				public void valueFormat(JsonFormatVisitable handler, JavaType value) {
					Describing.this.schema.set("additionalProperties", JsonSchemas.this.of(value));
				}
			};
		}

		@Override
		public JsonStringFormatVisitor expectStringFormat(JavaType type) {
			this.schema.put(TYPE, "string");
			return new JsonStringFormatVisitor.Base() {
				@Override
				public void format(JsonValueFormat format) {
					Describing.this.schema.put("format", format.toString());
				}

				@Override
				public void enumTypes(Set<String> words) {
					words.forEach(Describing.this.schema.withArray("enum")::add);
				}
			};
		}

		@Override
		public JsonNumberFormatVisitor expectNumberFormat(JavaType type) {
			this.schema.put(TYPE, "number");
			return new JsonNumberFormatVisitor.Base();
		}

		@Override
		public JsonIntegerFormatVisitor expectIntegerFormat(JavaType type) {
			boolean isTime = java.time.temporal.Temporal.class.isAssignableFrom(type.getRawClass());
			boolean isDecimal = type.getRawClass() == BigDecimal.class;
			if (isTime) {
				this.schema.put(TYPE, "string").put("format", "date-time");
			}
			else {
				this.schema.put(TYPE, isDecimal ? "number" : "integer");
			}
			return new JsonIntegerFormatVisitor.Base();
		}

		@Override
		public JsonBooleanFormatVisitor expectBooleanFormat(JavaType type) {
			this.schema.put(TYPE, "boolean");
			return new JsonBooleanFormatVisitor.Base();
		}

		@Override
		public JsonAnyFormatVisitor expectAnyFormat(JavaType type) {
			return new JsonAnyFormatVisitor.Base();
		}

	}

	/** Collects the fields of an object; those of an unwrapped one come here too. */
	private final class Properties extends JsonObjectFormatVisitor.Base {

		private final ObjectNode schema;

		Properties(ObjectNode schema, SerializationContext context) {
			super(context);
			this.schema = schema;
		}

		@Override
		public void property(BeanProperty property) {
			optionalProperty(property);
		}

		@Override
		public void optionalProperty(BeanProperty property) {
			ObjectNode type = JsonSchemas.this.of(property.getType());
			this.schema.withObject("properties").set(property.getName(), isNullable(property) ? nullable(type) : type);
			if (!isNullable(property)) {
				this.schema.withArray("required").add(property.getName());
			}
		}

		private ObjectNode nullable(ObjectNode type) {
			if (type.has("$ref")) {
				ObjectNode either = JsonSchemas.this.mapper.createObjectNode();
				either.putArray("anyOf").add(type).addObject().put(TYPE, "null");
				return either;
			}
			if (type.has(TYPE)) {
				String only = type.path(TYPE).asString();
				type.putArray(TYPE).add(only).add("null");
			}
			if (type.has("enum")) {
				type.withArray("enum").addNull();
			}
			return type;
		}

	}

}
