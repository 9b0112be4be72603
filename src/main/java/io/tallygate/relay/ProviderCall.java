package io.tallygate.relay;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.timeout.ReadTimeoutException;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.netty.Connection;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;

/**
 * One call to a provider, which ends only by itself or by {@link #abort()}: whoever
 * listens may lose its client and go on listening.
 */
final class ProviderCall {

	private static final Logger LOG = LoggerFactory.getLogger(ProviderCall.class);

	/**
	 * What becomes of a call. Told on the event loop of the connection, in this order.
	 */
	interface Listener {

		/** Status and headers are here; nothing of the body comes unless asked for. */
		void answered(int status, HttpHeaders headers);

		/** Some of the body, owned by the listener. */
		void received(ByteBuf bytes);

		/** The body is complete. */
		void ended();

		/** The call came to nothing, or broke off. */
		void failed(Throwable error);

	}

	private final Listener listener;

	private final Answer answer = new Answer();

	private final Body body = new Body();

	private final EventLoop loop;

	private final long silenceMax;

	/** What is waited for: the head of the answer, then parts of its body. */
	private long wanted = 1;

	private long heardAt;

	private @Nullable Future<?> silenceTimer;

	private boolean aborted;

	private ProviderCall(EventLoop loop, Duration silenceMax, Listener listener) {
		this.loop = loop;
		this.silenceMax = silenceMax.toNanos();
		this.listener = listener;
	}

	/**
	 * Sends {@code body} in one message and listens. Must be called on {@code loop}: the
	 * connection will be one of that loop's.
	 * @param client the loop's
	 * @param loop of everything about this call
	 * @param silenceMax longest wait for the next bytes, from when the request is sent;
	 * the time in which nobody asks for any does not count
	 * @param uri of the resource
	 * @param headers adds all that are sent
	 * @param body all that is sent; owned by the call
	 */
	static ProviderCall post(HttpClient client, EventLoop loop, Duration silenceMax, String uri,
			Consumer<HttpHeaders> headers, ByteBuf body, Listener listener) {
		ProviderCall call = new ProviderCall(loop, silenceMax, listener);
		client.request(HttpMethod.POST).uri(uri).send((request, outbound) -> {
			headers.accept(request.requestHeaders());
			call.heard();
			call.listen();
			return outbound.sendObject(body);
		})
			.responseConnection((response, connection) -> Mono.just(new Answered(response, connection)))
			.subscribe(call.answer);
		return call;
	}

	/** Lets {@code n} more parts of the body come. */
	void request(long n) {
		Subscription subscription = this.body.subscription;
		if (subscription != null) {
			want(n);
			subscription.request(n);
		}
	}

	/** Hangs up on the provider; nothing more is told. */
	void abort() {
		this.aborted = true;
		over();
		Connection connection = this.answer.connection;
		if (connection != null) {
			connection.dispose();
		}
		else {
			this.answer.cancel();
		}
	}

	private void want(long n) {
		if (this.wanted == 0) {
			heard();
		}
		this.wanted = Operators.addCap(this.wanted, n);
	}

	private void heard() {
		this.heardAt = System.nanoTime();
	}

	/**
	 * Gives up on a provider that was silent for too long, or comes again when it may be.
	 */
	private void listen() {
		if (this.aborted) {
			return;
		}
		long silent = (this.wanted > 0) ? System.nanoTime() - this.heardAt : 0;
		if (silent < this.silenceMax) {
			this.silenceTimer = this.loop.schedule(this::listen, this.silenceMax - silent, TimeUnit.NANOSECONDS);
		}
		else {
			abort();
			this.listener.failed(ReadTimeoutException.INSTANCE);
		}
	}

	private void over() {
		if (this.silenceTimer != null) {
			this.silenceTimer.cancel(false);
			this.silenceTimer = null;
		}
	}

	/**
	 * The provider's answer, of which the body is not read yet.
	 *
	 * @param response its status and headers
	 * @param connection its body
	 */
	private record Answered(HttpClientResponse response, Connection connection) {
	}

	/** Waits for status and headers. */
	private final class Answer extends BaseSubscriber<Answered> {

		private @Nullable Connection connection;

		@Override
		protected void hookOnNext(Answered answered) {
			this.connection = answered.connection();
			if (ProviderCall.this.aborted) {
				answered.connection().dispose();
				return;
			}
			ProviderCall.this.wanted = 0;
			HttpClientResponse response = answered.response();
			ProviderCall.this.listener.answered(response.status().code(), response.responseHeaders());
			if (!ProviderCall.this.aborted) {
				answered.connection().inbound().receive().subscribe(ProviderCall.this.body);
			}
		}

		@Override
		protected void hookOnError(Throwable error) {
			over();
			if (!ProviderCall.this.aborted) {
				ProviderCall.this.listener.failed(error);
			}
		}

	}

	/** Reads the body. */
	private final class Body implements CoreSubscriber<ByteBuf> {

		/** Parts asked for before anybody knows how fast they are wanted. */
		private static final int AHEAD = 16;

		private @Nullable Subscription subscription;

		@Override
		public void onSubscribe(Subscription subscription) {
			this.subscription = subscription;
			ProviderCall.this.request(AHEAD);
		}

		@Override
		public void onNext(ByteBuf bytes) {
			if (ProviderCall.this.aborted) {
				return;
			}
			heard();
			if (ProviderCall.this.wanted != Long.MAX_VALUE) {
				ProviderCall.this.wanted--;
			}
			try {
				ProviderCall.this.listener.received(bytes.retain());
			}
			catch (RuntimeException ex) {
				LOG.error("A provider's answer could not be read", ex);
				abort();
				ProviderCall.this.listener.failed(ex);
			}
		}

		@Override
		public void onError(Throwable error) {
			over();
			if (!ProviderCall.this.aborted) {
				ProviderCall.this.listener.failed(error);
			}
		}

		@Override
		public void onComplete() {
			over();
			if (!ProviderCall.this.aborted) {
				ProviderCall.this.listener.ended();
			}
		}

	}

}
