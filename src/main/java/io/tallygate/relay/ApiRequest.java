package io.tallygate.relay;

import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.core.RequestId;
import reactor.netty.Connection;
import reactor.netty.http.server.HttpServerRequest;

/**
 * A request to the data plane, as it came.
 *
 * @param id ours
 * @param arrival on the clock of {@link System#nanoTime()}
 * @param http straight from Netty: Spring's view of headers and body does more than is
 * needed here
 * @param channel the client's connection
 */
record ApiRequest(RequestId id, long arrival, HttpServerRequest http, Channel channel) {

	/** The request {@code id}, arrived now. */
	static ApiRequest of(RequestId id, HttpServerRequest http) {
		Channel[] channel = new Channel[1];
		http.withConnection((Connection connection) -> channel[0] = connection.channel());
		return new ApiRequest(id, System.nanoTime(), http, channel[0]);
	}

	HttpHeaders headers() {
		return this.http.requestHeaders();
	}

}
