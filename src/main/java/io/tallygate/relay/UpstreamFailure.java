package io.tallygate.relay;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;

import javax.net.ssl.SSLException;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.timeout.ReadTimeoutException;

/**
 * What a client is told when a provider gives no whole answer. The provider's address and
 * the exception's words stay inside.
 */
final class UpstreamFailure {

	private UpstreamFailure() {
	}

	/** The error of the API that stands for {@code error}. */
	static ApiError of(Throwable error) {
		if (error instanceof ReadTimeoutException) {
			return ApiError.of(ApiError.Code.PROVIDER_TIMEOUT, "The provider did not answer in time");
		}
		if (noConnectionFree(error)) {
			return ApiError.of(ApiError.Code.PROVIDER_UNAVAILABLE, "Too many requests wait for this provider");
		}
		if (neverReached(error)) {
			return ApiError.of(ApiError.Code.PROVIDER_UNREACHABLE, "The provider cannot be reached");
		}
		return ApiError.of(ApiError.Code.PROVIDER_BAD_RESPONSE, "The provider broke off its answer, or sent none");
	}

	/** Whether no byte of the request can have come to the provider. */
	static boolean neverReached(Throwable error) {
		return error instanceof ConnectException || error instanceof UnknownHostException
				|| error instanceof NoRouteToHostException || error instanceof ConnectTimeoutException
				|| error instanceof SSLException || noConnectionFree(error);
	}

	private static boolean noConnectionFree(Throwable error) {
		return error instanceof TimeoutException || error instanceof RejectedExecutionException;
	}

}
