package io.tallygate.relay;

import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
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

	private boolean aborted;

	private ProviderCall(Listener listener) {
		this.listener = listener;
	}

	/**
	 * Sends {@code body} in one message and listens. Must be called on an event loop: the
	 * connection will be one of that loop's.
	 * @param client the loop's client for the provider
	 * @param uri of the resource
	 * @param headers adds all that are sent
	 * @param body all that is sent; owned by the call
	 */
	static ProviderCall post(HttpClient client, String uri, Consumer<HttpHeaders> headers, ByteBuf body,
			Listener listener) {
		ProviderCall call = new ProviderCall(listener);
		client.request(HttpMethod.POST).uri(uri).send((request, outbound) -> {
			headers.accept(request.requestHeaders());
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
			subscription.request(n);
		}
	}

	/** Hangs up on the provider; nothing more is told. */
	void abort() {
		this.aborted = true;
		Connection connection = this.answer.connection;
		if (connection != null) {
			connection.dispose();
		}
		else {
			this.answer.cancel();
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
			HttpClientResponse response = answered.response();
			ProviderCall.this.listener.answered(response.status().code(), response.responseHeaders());
			if (!ProviderCall.this.aborted) {
				answered.connection().inbound().receive().subscribe(ProviderCall.this.body);
			}
		}

		@Override
		protected void hookOnError(Throwable error) {
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
			subscription.request(AHEAD);
		}

		@Override
		public void onNext(ByteBuf bytes) {
			if (ProviderCall.this.aborted) {
				return;
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
			if (!ProviderCall.this.aborted) {
				ProviderCall.this.listener.failed(error);
			}
		}

		@Override
		public void onComplete() {
			if (!ProviderCall.this.aborted) {
				ProviderCall.this.listener.ended();
			}
		}

	}

}
