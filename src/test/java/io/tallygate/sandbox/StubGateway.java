package io.tallygate.sandbox;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * As much of the admin API and the data plane as the demo needs, in memory. It can lose
 * the answer to one call that it carried out.
 */
final class StubGateway implements AutoCloseable {

	static final String PLATFORM_TOKEN = "tgp_stub";

	private static final JsonMapper JSON = JsonMapper.shared();

	private final HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);

	private final List<ObjectNode> agencies = new ArrayList<>();

	private final List<ObjectNode> providers = new ArrayList<>();

	private final List<ObjectNode> clients = new ArrayList<>();

	private final Set<String> tokens = new HashSet<>();

	private final Set<String> channelKeys = new HashSet<>();

	private final List<String> questions = new ArrayList<>();

	private final Set<String> idempotencyKeys = new HashSet<>();

	private int made;

	private int calls;

	private int changes;

	private int losesAnswerOf = -1;

	StubGateway() throws IOException {
		this.server.createContext("/", this::handle);
		this.server.start();
	}

	URI base() {
		return URI.create("http://127.0.0.1:" + this.server.getAddress().getPort());
	}

	/** Carries out the call after this many others, and hangs up instead of answering. */
	void losesAnswerAfter(int others) {
		this.losesAnswerOf = this.calls + others + 1;
	}

	/** Everything is gone, as with another database. */
	void forgets() {
		for (List<?> each : List.of(this.agencies, this.providers, this.clients)) {
			each.clear();
		}
		this.tokens.clear();
		this.channelKeys.clear();
	}

	int calls() {
		return this.calls;
	}

	/** Calls that were no GET. */
	int changes() {
		return this.changes;
	}

	int agencies() {
		return this.agencies.size();
	}

	int providers() {
		return this.providers.size();
	}

	List<ObjectNode> clients() {
		return this.clients;
	}

	List<String> questions() {
		return this.questions;
	}

	boolean knowsToken(String token) {
		return this.tokens.contains(token);
	}

	boolean knowsChannelKey(String key) {
		return this.channelKeys.contains(key);
	}

	private void handle(HttpExchange exchange) throws IOException {
		try (exchange) {
			this.calls++;
			this.changes += exchange.getRequestMethod().equals("GET") ? 0 : 1;
			Answer answer = answer(exchange);
			if (this.calls == this.losesAnswerOf) {
				return;
			}
			byte[] body = JSON.writeValueAsBytes(answer.body());
			exchange.sendResponseHeaders(answer.status(), body.length);
			exchange.getResponseBody().write(body);
		}
	}

	private record Answer(int status, Object body) {
	}

	private Answer answer(HttpExchange exchange) throws IOException {
		byte[] bytes = exchange.getRequestBody().readAllBytes();
		JsonNode body = (bytes.length > 0) ? JSON.readTree(bytes) : JSON.createObjectNode();
		String path = exchange.getRequestURI().getPath();
		String call = exchange.getRequestMethod() + " " + path.replace("/admin/v1", "").replaceAll("x\\d+", "{id}");
		String bearer = exchange.getRequestHeaders().getFirst("Authorization").substring("Bearer ".length());
		if (path.startsWith("/v1/")) {
			return chat(exchange, bearer, body);
		}
		if (!(call.contains("/agencies") ? bearer.equals(PLATFORM_TOKEN) : this.tokens.contains(bearer))) {
			return new Answer(401, Map.of("code", "unauthorized", "call", call));
		}
		return switch (call) {
			case "GET /agencies" -> list(this.agencies);
			case "GET /providers" -> list(this.providers);
			case "GET /clients" -> list(this.clients);
			case "GET /clients/{id}", "PUT /stripe_connection" -> new Answer(200, Map.of());
			case "POST /agencies" -> new Answer(201, agency(body));
			case "POST /agencies/{id}/admin_tokens" -> new Answer(201, Map.of("admin_token", token()));
			case "POST /providers" -> new Answer(201, make(this.providers, body));
			case "POST /clients" -> new Answer(201, client(body));
			case "POST /channels/{id}/keys" -> new Answer(201, Map.of("secret", channelKey()));
			default -> new Answer(404, Map.of("call", call));
		};
	}

	private Answer chat(HttpExchange exchange, String bearer, JsonNode body) {
		if (!this.channelKeys.contains(bearer)) {
			return new Answer(401, Map.of());
		}
		if (!this.idempotencyKeys.add(exchange.getRequestHeaders().getFirst("Idempotency-Key"))) {
			return new Answer(422, Map.of("error", Map.of("code", "idempotency_key_used")));
		}
		this.questions.add(body.path("messages").path(0).path("content").asString());
		return new Answer(200, Map.of());
	}

	private ObjectNode agency(JsonNode body) {
		return make(this.agencies, body).deepCopy().put("admin_token", token());
	}

	private ObjectNode client(JsonNode body) {
		ObjectNode client = make(this.clients, body);
		client.putArray("channels").addObject().put("id", "x" + ++this.made).putArray("keys").addObject();
		ObjectNode shown = client.deepCopy();
		((ObjectNode) shown.path("channels").path(0).path("keys").path(0)).put("secret", channelKey());
		return shown;
	}

	private ObjectNode make(List<ObjectNode> list, JsonNode body) {
		ObjectNode object = ((ObjectNode) body).deepCopy().put("id", "x" + ++this.made);
		list.add(object);
		return object;
	}

	private String token() {
		String token = "tga_" + ++this.made;
		this.tokens.add(token);
		return token;
	}

	private String channelKey() {
		String key = "tg_test_" + ++this.made;
		this.channelKeys.add(key);
		return key;
	}

	private static Answer list(List<ObjectNode> data) {
		return new Answer(200, Map.of("object", "list", "data", data, "has_more", false));
	}

	@Override
	public void close() {
		this.server.stop(0);
	}

}
