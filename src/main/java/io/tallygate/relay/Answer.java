package io.tallygate.relay;

import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaders;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.netty.http.server.HttpServerResponse;

/** What a client is answered, and how that is written. */
sealed interface Answer {

	/** Writes the answer; completes when the client has it, or has gone. */
	Mono<Void> writeTo(HttpServerResponse response);

	/**
	 * An answer in one message, which is one system call.
	 *
	 * @param status of HTTP
	 * @param headers all but the length
	 * @param body all of it
	 */
	record Whole(int status, HttpHeaders headers, ByteBuf body) implements Answer {

		@Override
		public Mono<Void> writeTo(HttpServerResponse response) {
			response.status(this.status).responseHeaders().add(this.headers);
			return response.sendObject(this.body).then();
		}

	}

	/**
	 * An answer part by part, each sent as soon as it is here.
	 *
	 * @param status of HTTP
	 * @param headers all
	 * @param body when it fails, its last part has said so to the client, and the
	 * connection is cut without the end that HTTP wants: no client may take it for whole
	 */
	record Streamed(int status, HttpHeaders headers, AnswerStream body) implements Answer {

		private static final Duration FLUSH_MAX = Duration.ofSeconds(5);

		@Override
		public Mono<Void> writeTo(HttpServerResponse response) {
			response.status(this.status).responseHeaders().add(this.headers);
			return response.send(this.body, (part) -> true).then().onErrorResume((error) -> {
				this.body.cancel();
				return Mono.create((done) -> response.withConnection((connection) -> cut(connection.channel(), done)));
			});
		}

		@SuppressWarnings("FutureReturnValueIgnored")
		private static void cut(Channel channel, MonoSink<Void> done) {
			channel.closeFuture().addListener((closed) -> done.success());
			channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((flushed) -> channel.close());
			channel.eventLoop().schedule(() -> channel.close(), FLUSH_MAX.toMillis(), TimeUnit.MILLISECONDS);
		}

	}

	/** The end of a stream that is not whole. */
	final class BrokenOff extends ClosedChannelException {

		private static final long serialVersionUID = 1L;

	}

}
