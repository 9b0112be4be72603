package io.tallygate.core;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Type;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.core.MethodParameter;
import org.springframework.core.ResolvableType;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.reactive.result.method.RequestMappingInfo;
import org.springframework.web.reactive.result.method.annotation.RequestMappingHandlerMapping;
import org.reactivestreams.Publisher;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The admin API as programs read it (OpenAPI 3.1). Paths, parameters, bodies and answers
 * are those of the controllers that serve them; a sentence and an example for each call
 * come from {@code openapi/calls.json}, which has no other calls than these.
 */
@Component
class OpenApi {

	private static final String CALLS = "/openapi/calls.json";

	private static final String ADMIN = "/admin/v1";

	private static final String JSON = "application/json";

	private static final String PROBLEM = "Problem";

	private final ObjectProvider<RequestMappingHandlerMapping> controllers;

	private final JsonMapper mapper;

	OpenApi(@Qualifier("requestMappingHandlerMapping") ObjectProvider<RequestMappingHandlerMapping> controllers,
			AdminJson json) {
		this.controllers = controllers;
		this.mapper = json.mapper();
	}

	/**
	 * One call that a controller serves.
	 *
	 * @param verb GET, for instance
	 * @param path with its variables in braces
	 * @param types of content that it produces; JSON if none is named
	 * @param method that serves it
	 */
	private record Call(String verb, String path, List<String> types, HandlerMethod method) {

		String name() {
			return this.verb + " " + this.path;
		}

		boolean isJson() {
			return this.types.isEmpty() || this.types.contains(JSON);
		}

	}

	/** The whole document. */
	ObjectNode document() {
		JsonSchemas schemas = new JsonSchemas(this.mapper);
		JsonNode told = told();
		ObjectNode document = this.mapper.createObjectNode().put("openapi", "3.1.0");
		document.putObject("info")
			.put("title", "Tallygate admin API")
			.put("version", "1")
			.put("description", "Agencies, clients, metering and the set-up of usage-based billing at Stripe. "
					+ "Examples run as they are against the sandbox once ADMIN_TOKEN and PLATFORM_TOKEN are set.");
		document.putArray("servers").addObject().put("url", "/");
		ObjectNode paths = document.putObject("paths");
		calls().forEach(
				(call) -> add(paths.withObject("/" + escaped(call.path())), call, told.path(call.name()), schemas));
		components(document.putObject("components"), schemas);
		return document;
	}

	/** A path as one step of a JSON pointer. */
	private static String escaped(String path) {
		return path.replace("~", "~0").replace("/", "~1");
	}

	private List<Call> calls() {
		return this.controllers.getObject()
			.getHandlerMethods()
			.entrySet()
			.stream()
			.flatMap((entry) -> calls(entry.getKey(), entry.getValue()))
			.filter((call) -> call.path().startsWith(ADMIN))
			.sorted(Comparator.comparing(Call::path)
				.thenComparing(Call::verb)
				.thenComparing(Call::isJson, Comparator.reverseOrder()))
			.toList();
	}

	private static java.util.stream.Stream<Call> calls(RequestMappingInfo info, HandlerMethod method) {
		List<String> types = info.getProducesCondition()
			.getProducibleMediaTypes()
			.stream()
			.map(OpenApi::plain)
			.toList();
		return info.getPatternsCondition()
			.getPatterns()
			.stream()
			.flatMap((path) -> info.getMethodsCondition()
				.getMethods()
				.stream()
				.map((RequestMethod verb) -> new Call(verb.name(), path.getPatternString(), types, method)));
	}

	private static String plain(org.springframework.http.MediaType type) {
		return type.getType() + "/" + type.getSubtype();
	}

	private void add(ObjectNode path, Call call, JsonNode told, JsonSchemas schemas) {
		String verb = call.verb().toLowerCase(Locale.ROOT);
		if (path.has(verb)) {
			// The same call in another type of content.
			answer(path.withObject(verb).withObject("responses"), call, schemas);
			return;
		}
		ObjectNode operation = path.putObject(verb)
			.put("operationId", operationId(call))
			.put("summary", told.path("summary").asString(""));
		operation.putArray("tags").add(tag(call));
		security(operation.putArray("security"), call);
		parameters(operation, call);
		body(operation, call, told.path("example"), schemas);
		answer(operation.putObject("responses"), call, schemas);
		operation.putArray("x-codeSamples").addObject().put("lang", "Shell").put("source", curl(call, told));
	}

	private static String operationId(Call call) {
		String controller = call.method().getBeanType().getSimpleName().replace("Controller", "");
		return controller.substring(0, 1).toLowerCase(Locale.ROOT) + controller.substring(1) + "_"
				+ call.method().getMethod().getName();
	}

	private static String tag(Call call) {
		return call.path().substring(ADMIN.length() + 1).split("[/.]", 2)[0];
	}

	private static void security(ArrayNode security, Call call) {
		boolean isOpen = true;
		for (MethodParameter parameter : call.method().getMethodParameters()) {
			Class<?> type = parameter.getParameterType();
			if (Caller.class.isAssignableFrom(type)) {
				isOpen = false;
				if (type != Caller.OfAgency.class) {
					security.addObject().putArray("platform_token");
				}
				if (type != Caller.Platform.class) {
					security.addObject().putArray("admin_token");
				}
			}
		}
		if (isOpen) {
			security.addObject();
		}
	}

	private void parameters(ObjectNode operation, Call call) {
		for (MethodParameter parameter : call.method().getMethodParameters()) {
			parameter.initParameterNameDiscovery(new org.springframework.core.DefaultParameterNameDiscoverer());
			RequestParam query = parameter.getParameterAnnotation(RequestParam.class);
			if (parameter.hasParameterAnnotation(PathVariable.class)) {
				parameter(operation, String.valueOf(parameter.getParameterName()), "path", "string").put("required",
						true);
			}
			else if (query != null) {
				String name = query.name().isEmpty() ? String.valueOf(parameter.getParameterName()) : query.name();
				parameter(operation, name, "query", type(parameter.getParameterType()));
			}
			else if (parameter.getParameterType() == PageRequest.class) {
				parameter(operation, "limit", "query", "integer").withObject("schema")
					.put("minimum", 1)
					.put("maximum", PageRequest.LIMIT_MAX)
					.put("default", PageRequest.LIMIT_DEFAULT);
				parameter(operation, "starting_after", "query", "string");
				parameter(operation, "ending_before", "query", "string");
			}
		}
		if (call.verb().equals("POST")) {
			parameter(operation, "Idempotency-Key", "header", "string")
				.put("description", "Lets the call be repeated for a day without making anything twice")
				.withObject("schema")
				.put("maxLength", 255);
		}
	}

	private static ObjectNode parameter(ObjectNode operation, String name, String in, String type) {
		ObjectNode parameter = operation.withArray("parameters").addObject().put("name", name).put("in", in);
		parameter.putObject("schema").put("type", type);
		return parameter;
	}

	private static String type(Class<?> type) {
		return (type == boolean.class || type == Boolean.class) ? "boolean"
				: (type == Integer.class || type == Long.class) ? "integer" : "string";
	}

	private void body(ObjectNode operation, Call call, JsonNode example, JsonSchemas schemas) {
		for (MethodParameter parameter : call.method().getMethodParameters()) {
			RequestBody annotation = parameter.getParameterAnnotation(RequestBody.class);
			if (annotation != null) {
				Type type = content(ResolvableType.forMethodParameter(parameter)).getType();
				boolean isPatch = type == ObjectNode.class;
				ObjectNode content = operation.putObject("requestBody")
					.put("required", annotation.required())
					.putObject("content")
					.putObject(JSON);
				content.set("schema",
						isPatch ? this.mapper.createObjectNode()
							.put("type", "object")
							.put("description", "A merge patch (RFC 7396): an absent field stays, a null one goes")
								: schemas.of(this.mapper.constructType(type)));
				if (!example.isMissingNode()) {
					content.set("example", example);
				}
			}
		}
	}

	private void answer(ObjectNode responses, Call call, JsonSchemas schemas) {
		ResponseStatus annotation = call.method().getMethodAnnotation(ResponseStatus.class);
		HttpStatus status = (annotation != null) ? annotation.value() : HttpStatus.OK;
		ObjectNode response = responses.withObject("/" + status.value()).put("description", status.getReasonPhrase());
		ResolvableType type = content(ResolvableType.forMethodReturnType(call.method().getMethod()));
		if (!call.isJson()) {
			response.withObject("content")
				.withObject("/" + escaped(call.types().get(0)))
				.putObject("schema")
				.put("type", "string");
		}
		else if (type.toClass() != Void.class) {
			response.withObject("content")
				.withObject("/" + escaped(JSON))
				.set("schema", schemas.of(this.mapper.constructType(type.getType())));
		}
		if (!responses.has("default")) {
			responses.putObject("default")
				.put("description", "Refused or failed")
				.putObject("content")
				.putObject("application/problem+json")
				.putObject("schema")
				.put("$ref", JsonSchemas.REFERENCE + PROBLEM);
		}
	}

	/** What a publisher brings; anything else as it is. */
	private static ResolvableType content(ResolvableType type) {
		return Publisher.class.isAssignableFrom(type.toClass()) ? type.getGeneric(0) : type;
	}

	private String curl(Call call, JsonNode told) {
		boolean isPlatforms = java.util.Arrays.stream(call.method().getMethodParameters())
			.anyMatch((parameter) -> parameter.getParameterType() == Caller.Platform.class);
		String path = call.path();
		for (Map.Entry<String, JsonNode> variable : told.path("path").properties()) {
			path = path.replace("{" + variable.getKey() + "}", variable.getValue().asString());
		}
		String example = told.has("example") ? " -H 'Content-Type: application/json' -d "
				+ quoted(this.mapper.writeValueAsString(told.path("example"))) : "";
		String verb = call.verb().equals("GET") ? "" : "-X " + call.verb() + " ";
		return "curl -s " + verb + "\"http://localhost:8080" + path + "\" -H \"Authorization: Bearer $"
				+ (isPlatforms ? "PLATFORM_TOKEN" : "ADMIN_TOKEN") + "\"" + example;
	}

	/** For a shell; a body with variables in it has them filled in. */
	private static String quoted(String body) {
		return body.contains("$") ? "\"" + body.replace("\\", "\\\\").replace("\"", "\\\"") + "\""
				: "'" + body.replace("'", "'\\''") + "'";
	}

	private void components(ObjectNode components, JsonSchemas schemas) {
		ObjectNode tokens = components.putObject("securitySchemes");
		tokens.putObject("admin_token")
			.put("type", "http")
			.put("scheme", "bearer")
			.put("description", "An agency's admin token (tga_…)");
		tokens.putObject("platform_token")
			.put("type", "http")
			.put("scheme", "bearer")
			.put("description", "The platform's token");
		ObjectNode problem = this.mapper.createObjectNode().put("type", "object");
		ObjectNode fields = problem.putObject("properties");
		for (String name : List.of("type", "title", "detail", "code", "request_id")) {
			fields.putObject(name).put("type", "string");
		}
		fields.putObject("status").put("type", "integer");
		ObjectNode field = fields.putObject("errors").put("type", "array").putObject("items").put("type", "object");
		field.putObject("properties").putObject("pointer").put("type", "string");
		field.withObject("properties").putObject("message").put("type", "string");
		components.set("schemas", schemas.named().set(PROBLEM, problem));
	}

	/** What is said of the calls, by name. */
	private JsonNode told() {
		try (InputStream file = OpenApi.class.getResourceAsStream(CALLS)) {
			if (file == null) {
				throw new IllegalStateException(CALLS + " is not on the class path");
			}
			return this.mapper.readTree(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
