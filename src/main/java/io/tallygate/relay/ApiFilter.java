package io.tallygate.relay;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.core.Ids;
import io.tallygate.core.RequestId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;

import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.http.server.reactive.AbstractServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;

/**
 * The last filter of a route: answers by itself, with an id on every answer and every
 * error in the API's own shape. It writes through Netty; Spring's response stays
 * untouched.
 */
abstract class ApiFilter implements GatewayFilter {

	private static final Logger LOG = LoggerFactory.getLogger(ApiFilter.class);

	/**
	 * What all filters answer with.
	 *
	 * @param ids of requests
	 * @param metrics of errors
	 */
	record Answers(Ids ids, RelayMetrics metrics) {
	}

	private final Answers answers;

	ApiFilter(Answers answers) {
		this.answers = answers;
	}

	/** The answer to {@code request}, or an {@link ApiError}. */
	abstract Mono<Answer> answer(ApiRequest request);

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
		HttpServerRequest http = ((AbstractServerHttpRequest) exchange.getRequest()).getNativeRequest();
		// Spring wraps the response to a HEAD.
		HttpServerResponse response = ServerHttpResponseDecorator.getNativeResponse(exchange.getResponse());
		ApiRequest request = ApiRequest.of(new RequestId(this.answers.ids().next(RequestId.PREFIX)), http);
		return answer(request).onErrorResume((error) -> refusal(request, error))
			.flatMap((answer) -> answer.writeTo(response))
			.onErrorResume((error) -> unwritten(request, error));
	}

	private Mono<Answer> refusal(ApiRequest request, Throwable error) {
		if (error instanceof ApiError known) {
			return Mono.just(inShape(request, known));
		}
		if (isGone(error)) {
			return Mono.empty();
		}
		LOG.error("{} failed in the gateway", request.id(), error);
		return Mono.just(inShape(request,
				ApiError.of(ApiError.Code.INTERNAL_ERROR, "Something failed in the gateway; the error is logged")));
	}

	private Answer inShape(ApiRequest request, ApiError error) {
		this.answers.metrics().failed(error.code());
		HttpHeaders headers = new DefaultHttpHeaders();
		error.writeHeaders(headers);
		headers.set(RelayHeaders.REQUEST_ID, request.id().value());
		return new Answer.Whole(error.status(), headers, Unpooled.wrappedBuffer(error.body()));
	}

	/** The client left while it was answered. Anything else is worth a line. */
	private static Mono<Void> unwritten(ApiRequest request, Throwable error) {
		if (!isGone(error)) {
			LOG.error("The answer to {} could not be written", request.id(), error);
		}
		return Mono.empty();
	}

	private static boolean isGone(Throwable error) {
		return error instanceof AbortedException || AbortedException.isConnectionReset(error);
	}

}
