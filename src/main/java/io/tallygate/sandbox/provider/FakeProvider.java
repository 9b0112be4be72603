package io.tallygate.sandbox.provider;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.tallygate.core.Ids;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.resources.LoopResources;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * An OpenAI on loopback, reached over HTTP like the real one:
 * {@code /v1/chat/completions} and {@code /v1/models}. {@code /__transcript} and
 * {@code /__stats}, open to whoever reaches the port, say what it told its callers.
 */
public final class FakeProvider implements AutoCloseable {

	/** Larger bodies are refused. */
	static final int BODY_BYTES_MAX = 32 << 20;

	private static final Duration START_MAX = Duration.ofSeconds(10);

	private static final JsonMapper MAPPER = JsonMapper.builder().build();

	private final FakeProviderOptions options;

	private final Ids ids;

	private final Transcript transcript;

	private final ChatDoor chat;

	private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

	private final LoopResources loops = LoopResources.create("fake-provider", 2, true);

	private final DisposableServer server;

	private FakeProvider(FakeProviderOptions options) {
		this.options = options;
		this.ids = new Ids(options.clock(), options.random());
		this.transcript = new Transcript(options.witness());
		this.chat = new ChatDoor(options, this.transcript);
		this.server = HttpServer.create()
			.host("127.0.0.1")
			.port(options.port())
			.runOn(this.loops)
			.doOnConnection((connection) -> this.connections.add(connection.channel()))
			.handle(this::handle)
			.bindNow(START_MAX);
	}

	/** Starts one; blocks until it listens. */
	public static FakeProvider start(FakeProviderOptions options) {
		return new FakeProvider(options);
	}

	/** The port that it listens on. */
	public int port() {
		return this.server.port();
	}

	/** Where a client is to be pointed, with the version path as at OpenAI. */
	public URI baseUrl() {
		return URI.create("http://127.0.0.1:" + port() + "/v1");
	}

	/** What it told its callers. */
	public Transcript transcript() {
		return this.transcript;
	}

	/** Streams that are open now. */
	public long openStreams() {
		return this.chat.openStreams();
	}

	private Mono<Void> handle(HttpServerRequest request, HttpServerResponse response) {
		String requestId = this.ids.next("req_");
		response.header("x-request-id", requestId)
			.header("openai-version", "2020-10-01")
			.header("openai-organization", "org-tallygate-sandbox")
			.header("openai-processing-ms", "1");
		return Mono.defer(() -> route(request, response, requestId))
			.onErrorResume(OpenAiProblem.class, (problem) -> refuse(response, problem));
	}

	private Mono<Void> route(HttpServerRequest request, HttpServerResponse response, String requestId) {
		String path = URI.create(request.uri()).getPath();
		String call = request.method().name() + " " + path;
		if (path.startsWith("/__")) {
			return switch (call) {
				case "GET /__transcript" -> send(response, this.transcript.json());
				case "GET /__stats" -> send(response, this.chat.stats());
				default -> throw unknown(call);
			};
		}
		authenticate(request.requestHeaders().get("Authorization"));
		if (call.equals("POST /v1/chat/completions")) {
			return body(request).flatMap((body) -> this.chat.answer(request, response, requestId, body));
		}
		if (call.equals("GET /v1/models")) {
			return send(response, models());
		}
		if (call.startsWith("GET /v1/models/")) {
			return send(response, model(path.substring("/v1/models/".length())));
		}
		throw unknown(call);
	}

	private static OpenAiProblem unknown(String call) {
		return new OpenAiProblem(404, "invalid_request_error", null, "unknown_url",
				"Unknown request URL: " + call + ".");
	}

	private void authenticate(@Nullable String authorization) {
		if (authorization == null || !authorization.startsWith("Bearer ")) {
			throw new OpenAiProblem(401, "invalid_request_error", null, null,
					"You didn't provide an API key. You need to provide your API key in an Authorization header"
							+ " using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).");
		}
		String key = authorization.substring("Bearer ".length()).strip();
		if (key.isEmpty() || !this.options.apiKey().equals(Secret.of(key))) {
			throw OpenAiProblem.ofStatus(401);
		}
	}

	private static Mono<byte[]> body(HttpServerRequest request) {
		return request.receive().asByteArray().reduceWith(ByteArrayOutputStream::new, (body, part) -> {
			if (body.size() + part.length > BODY_BYTES_MAX) {
				throw new OpenAiProblem(413, "invalid_request_error", null, null,
						"The request is larger than " + BODY_BYTES_MAX + " bytes.");
			}
			body.writeBytes(part);
			return body;
		}).map(ByteArrayOutputStream::toByteArray);
	}

	private ObjectNode models() {
		ObjectNode models = JsonNodeFactory.instance.objectNode().put("object", "list");
		ArrayNode data = models.putArray("data");
		List.of(FakeModel.SMALL, FakeModel.LARGE).forEach((name) -> data.add(model(name)));
		return models;
	}

	private ObjectNode model(String name) {
		if (FakeModel.named(name) == null) {
			throw new OpenAiProblem(404, "invalid_request_error", "model", "model_not_found",
					"The model '" + name + "' does not exist");
		}
		return JsonNodeFactory.instance.objectNode()
			.put("id", name)
			.put("object", "model")
			.put("created", 1_700_000_000)
			.put("owned_by", "tallygate");
	}

	private static Mono<Void> refuse(HttpServerResponse response, OpenAiProblem problem) {
		response.status(problem.status());
		if (problem.status() == 429) {
			response.header("Retry-After", "1").header("x-should-retry", "true");
		}
		return send(response, problem.body());
	}

	private static Mono<Void> send(HttpServerResponse response, ObjectNode body) {
		byte[] bytes = MAPPER.writeValueAsString(body).getBytes(StandardCharsets.UTF_8);
		response.header("Content-Type", "application/json").header("Content-Length", Integer.toString(bytes.length));
		return response.sendByteArray(Mono.just(bytes)).then();
	}

	@Override
	public void close() {
		this.server.disposeNow(START_MAX);
		this.connections.close().awaitUninterruptibly(START_MAX.toMillis());
		this.loops.disposeLater(Duration.ZERO, START_MAX).block(START_MAX);
	}

}
