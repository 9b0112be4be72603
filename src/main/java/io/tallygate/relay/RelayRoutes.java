package io.tallygate.relay;

import java.util.function.Predicate;

import reactor.core.publisher.Flux;

import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.http.HttpMethod;
import org.springframework.web.server.ServerWebExchange;

/**
 * The data plane's routes. Method and raw path are compared exactly; what is covered but
 * not served falls to the last route. Everything else is somebody else's.
 */
final class RelayRoutes implements RouteLocator {

	/** The last filter of a route answers, so that its URI is never called. */
	private static final String NOWHERE = "no://op";

	private final Flux<Route> routes;

	RelayRoutes(RelayFilter relay, ModelsFilter models, UnknownPathFilter unknown) {
		this.routes = Flux.just(
				route("chat-completions", 0, exactly(HttpMethod.POST, DataPlanePaths.CHAT_COMPLETIONS), relay),
				route("models", 1, exactly(HttpMethod.GET, DataPlanePaths.MODELS), models),
				route("unknown-path", 2, (exchange) -> DataPlanePaths.covers(rawPath(exchange)), unknown));
	}

	@Override
	public Flux<Route> getRoutes() {
		return this.routes;
	}

	private static Route route(String id, int order, Predicate<ServerWebExchange> predicate, ApiFilter filter) {
		return Route.async().id(id).order(order).uri(NOWHERE).predicate(predicate).filter(filter).build();
	}

	private static Predicate<ServerWebExchange> exactly(HttpMethod method, String path) {
		return (exchange) -> exchange.getRequest().getMethod().equals(method) && rawPath(exchange).equals(path);
	}

	private static String rawPath(ServerWebExchange exchange) {
		return exchange.getRequest().getURI().getRawPath();
	}

}
