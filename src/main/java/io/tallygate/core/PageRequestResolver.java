package io.tallygate.core;

import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.util.MultiValueMap;
import org.springframework.web.reactive.BindingContext;
import org.springframework.web.reactive.result.method.HandlerMethodArgumentResolver;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Lets a controller take the page that is asked for as an argument. */
class PageRequestResolver implements HandlerMethodArgumentResolver {

	@Override
	public boolean supportsParameter(MethodParameter parameter) {
		return parameter.getParameterType() == PageRequest.class;
	}

	@Override
	public Mono<Object> resolveArgument(MethodParameter parameter, BindingContext context, ServerWebExchange exchange) {
		MultiValueMap<String, String> query = exchange.getRequest().getQueryParams();
		return Mono.fromSupplier(() -> PageRequest.of(limit(query.getFirst("limit")), query.getFirst("starting_after"),
				query.getFirst("ending_before")));
	}

	private static @Nullable Integer limit(@Nullable String text) {
		try {
			return (text == null) ? null : Integer.valueOf(text);
		}
		catch (NumberFormatException ex) {
			throw Problem.invalid("/limit", "limit must be a whole number between 1 and " + PageRequest.LIMIT_MAX);
		}
	}

}
