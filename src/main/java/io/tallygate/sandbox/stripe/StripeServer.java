package io.tallygate.sandbox.stripe;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.DisposableChannel;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.resources.LoopResources;

/** The socket on loopback: reads a call whole, has it answered, and writes the answer. */
final class StripeServer implements AutoCloseable {

	/** Larger bodies are refused; a meter event has less than a kilobyte. */
	static final int BODY_BYTES_MAX = 1 << 20;

	private static final Duration START_MAX = Duration.ofSeconds(10);

	private final Set<String> busyLanes = ConcurrentHashMap.newKeySet();

	private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

	private final LoopResources loops = LoopResources.create("fake-stripe", 1, true);

	private final Function<HttpCall, Mono<Answer>> desk;

	private final Duration latency;

	private final DisposableServer server;

	StripeServer(FakeStripeOptions options, Function<HttpCall, Mono<Answer>> desk) {
		this.desk = desk;
		this.latency = options.latency();
		this.server = HttpServer.create()
			.host("127.0.0.1")
			.port(options.port())
			.runOn(this.loops)
			.doOnConnection((connection) -> this.connections.add(connection.channel()))
			.handle(this::handle)
			.bindNow(START_MAX);
	}

	int port() {
		return this.server.port();
	}

	private Mono<Void> handle(HttpServerRequest request, HttpServerResponse response) {
		LaneHold hold = new LaneHold(this.busyLanes);
		return request.receive()
			.asByteArray()
			.reduceWith(ByteArrayOutputStream::new, StripeServer::collect)
			.map((body) -> call(request, body.toString(StandardCharsets.UTF_8), hold))
			.flatMap(this.desk)
			.onErrorResume(StripeProblem.class, (ex) -> Mono.just(Answer.of(ex.status(), Json.write(ex.body("")))))
			.onErrorResume((ex) -> Mono.just(Answer.of(500, Json.write(StripeProblem.serverError().body("")))))
			.flatMap(this::wait)
			.flatMap((answer) -> write(request, response, answer))
			.doFinally((signal) -> hold.release());
	}

	private Mono<Answer> wait(Answer answer) {
		Duration delay = answer.delay().plus(this.latency);
		return delay.isZero() ? Mono.just(answer) : Mono.delay(delay).thenReturn(answer);
	}

	private static ByteArrayOutputStream collect(ByteArrayOutputStream body, byte[] part) {
		if (body.size() + part.length > BODY_BYTES_MAX) {
			throw new StripeProblem(413, "invalid_request_error", null, null,
					"Request body too large: at most " + BODY_BYTES_MAX + " bytes");
		}
		body.writeBytes(part);
		return body;
	}

	private static HttpCall call(HttpServerRequest request, String body, LaneHold hold) {
		String uri = request.uri();
		int question = uri.indexOf('?');
		return new HttpCall(request.method().name(), (question < 0) ? uri : uri.substring(0, question),
				(question < 0) ? "" : uri.substring(question + 1), body, request.requestHeaders().get("Authorization"),
				request.requestHeaders().get("Idempotency-Key"), request.requestHeaders().get("Stripe-Version"),
				request.requestHeaders().get("X-Sandbox-Id"), hold, "http://" + request.requestHeaders().get("Host"));
	}

	private static Mono<Void> write(HttpServerRequest request, HttpServerResponse response, Answer answer) {
		return switch (answer.fate()) {
			case SENT -> send(response, answer);
			case WITHHELD -> untilClosed(request);
			case DROPPED -> {
				request.withConnection(DisposableChannel::dispose);
				yield untilClosed(request);
			}
		};
	}

	private static Mono<Void> send(HttpServerResponse response, Answer answer) {
		response.status(answer.status());
		answer.headers().forEach(response::header);
		byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
		response.header("Content-Length", Integer.toString(body.length));
		return response.sendByteArray(Mono.just(body)).then();
	}

	private static Mono<Void> untilClosed(HttpServerRequest request) {
		return Mono.create((sink) -> request.withConnection((connection) -> connection.onDispose(sink::success)));
	}

	@Override
	public void close() {
		this.server.disposeNow(START_MAX);
		this.connections.close().awaitUninterruptibly(START_MAX.toMillis());
		this.loops.disposeLater(Duration.ZERO, START_MAX).block(START_MAX);
	}

}
