package io.tallygate.relay;

import java.util.Map;
import java.util.TreeMap;

import org.springframework.http.HttpMethod;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import reactor.core.publisher.Mono;

/** What the data plane's routes and error codes are, for tests of other rooms. */
public final class DataPlane {

	private static final RelayRoutes ROUTES = new RelayRoutes(new RelayFilter(null, null, 0, null, null),
			new ModelsFilter(null, null, null, null), new UnknownPathFilter(null, ""));

	private DataPlane() {
	}

	/** Whether a route other than the last one, which refuses, takes this call. */
	public static boolean serves(String method, String path) {
		MockServerWebExchange exchange = MockServerWebExchange
			.from(MockServerHttpRequest.method(HttpMethod.valueOf(method), path));
		return ROUTES.getRoutes()
			.filterWhen((route) -> Mono.from(route.getPredicate().apply(exchange)))
			.next()
			.map((route) -> !route.getId().equals("unknown-path"))
			.blockOptional()
			.orElse(false);
	}

	/** The HTTP status of every error code. */
	public static Map<String, Integer> errors() {
		Map<String, Integer> errors = new TreeMap<>();
		for (ApiError.Code code : ApiError.Code.values()) {
			errors.put(code.text(), code.status());
		}
		return errors;
	}

}
