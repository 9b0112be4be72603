package io.tallygate.sandbox.provider;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.netty.DisposableChannel;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code POST /v1/chat/completions}: answers at a pace, or fails as the model says. */
final class ChatDoor {

	private final FakeProviderOptions options;

	private final Transcript transcript;

	private final AtomicLong openStreams = new AtomicLong();

	private final AtomicLong aborted = new AtomicLong();

	ChatDoor(FakeProviderOptions options, Transcript transcript) {
		this.options = options;
		this.transcript = transcript;
	}

	long openStreams() {
		return this.openStreams.get();
	}

	/** How many streams are open now, and how many callers left before the end. */
	ObjectNode stats() {
		return JsonNodeFactory.instance.objectNode()
			.put("open_streams", this.openStreams.get())
			.put("aborted", this.aborted.get());
	}

	Mono<Void> answer(HttpServerRequest request, HttpServerResponse response, String requestId, byte[] body) {
		ChatRequest chat = ChatRequest.parse(body);
		FakeModel model = chat.model();
		if (model.isHanging()) {
			return untilClosed(request);
		}
		Integer error = model.error();
		if (error != null) {
			throw OpenAiProblem.ofStatus(error);
		}
		ChatAnswer answer = ChatAnswer.to(chat, "chatcmpl-" + requestId.substring(4),
				this.options.clock().instant().getEpochSecond());
		Telling telling = new Telling(answer, callersId(request, requestId), requestId, this.transcript);
		Duration delay = (model.delay() != null) ? model.delay() : this.options.chunkDelay();
		Integer cut = model.chunksBeforeCut();
		return chat.isStreamed() ? stream(request, response, telling, cut, delay)
				: whole(request, response, telling, cut, delay).doFinally((signal) -> end(telling, signal));
	}

	private static String callersId(HttpServerRequest request, String ownId) {
		for (String header : new String[] { "x-request-id", "x-client-request-id" }) {
			String id = request.requestHeaders().get(header);
			if (id != null && !id.isBlank() && id.length() <= 200) {
				return id;
			}
		}
		return ownId;
	}

	/**
	 * The socket tells the events, not who waits for them to be sent, that the caller
	 * left.
	 */
	private Mono<Void> stream(HttpServerRequest request, HttpServerResponse response, Telling telling,
			@Nullable Integer cut, Duration delay) {
		Flux<byte[]> events = telling.events(delay);
		Flux<byte[]> sent = ((cut != null) ? events.take(cut) : events)
			.doOnSubscribe((subscription) -> this.openStreams.incrementAndGet())
			.doFinally((signal) -> {
				this.openStreams.decrementAndGet();
				end(telling, signal);
			});
		response.header("Content-Type", "text/event-stream; charset=utf-8").header("Cache-Control", "no-cache");
		return (cut != null) ? send(response, sent).then(cut(request, telling)) : send(response, sent);
	}

	/** Sends each event when it comes. */
	private static Mono<Void> send(HttpServerResponse response, Flux<byte[]> events) {
		return response.send(events.map(Unpooled::wrappedBuffer), (event) -> true).then();
	}

	private static Mono<Void> whole(HttpServerRequest request, HttpServerResponse response, Telling telling,
			@Nullable Integer cut, Duration delay) {
		response.header("Content-Type", "application/json");
		Mono<Long> pause = delay.isZero() ? Mono.just(0L) : Mono.delay(delay);
		return pause.flatMap((waited) -> (cut != null) ? half(response, telling).then(cut(request, telling))
				: response.sendByteArray(telling.whole()).then());
	}

	/** Sends half of the body that the headers promise. */
	private static Mono<Void> half(HttpServerResponse response, Telling telling) {
		byte[] body = telling.draft();
		response.header("Content-Length", Integer.toString(body.length));
		// Two pieces, because one alone is sent as a whole message of its own length.
		return response
			.sendByteArray(Flux.just(Arrays.copyOf(body, body.length / 4),
					Arrays.copyOfRange(body, body.length / 4, body.length / 2)))
			.then();
	}

	private void end(Telling telling, SignalType signal) {
		if (signal != SignalType.ON_COMPLETE) {
			this.aborted.incrementAndGet();
			telling.end(Transcript.Ending.ABORTED);
		}
	}

	/** Closes the connection in the middle of the answer. */
	private static Mono<Void> cut(HttpServerRequest request, Telling telling) {
		return Mono.defer(() -> {
			telling.end(Transcript.Ending.CUT);
			request.withConnection(DisposableChannel::dispose);
			return untilClosed(request);
		});
	}

	static Mono<Void> untilClosed(HttpServerRequest request) {
		return Mono.create((sink) -> request.withConnection((connection) -> connection.onDispose(sink::success)));
	}

}
