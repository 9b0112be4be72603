package io.tallygate.agency;

import io.tallygate.core.Caller;
import io.tallygate.core.Problem;
import org.springframework.core.MethodParameter;
import org.springframework.web.reactive.BindingContext;
import org.springframework.web.reactive.result.method.HandlerMethodArgumentResolver;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Hands a controller the caller that it asks for, and refuses the other kind. A
 * controller that takes a caller cannot be reached without one, whatever its path.
 */
class CallerArgumentResolver implements HandlerMethodArgumentResolver {

	@Override
	public boolean supportsParameter(MethodParameter parameter) {
		return Caller.class.isAssignableFrom(parameter.getParameterType());
	}

	@Override
	public Mono<Object> resolveArgument(MethodParameter parameter, BindingContext context, ServerWebExchange exchange) {
		Object caller = exchange.getAttribute(AdminAuthentication.CALLER);
		if (caller == null) {
			return Mono.error(AdminAuthentication.invalidToken());
		}
		if (!parameter.getParameterType().isInstance(caller)) {
			String needed = (parameter.getParameterType() == Caller.Platform.class) ? "the platform token"
					: "an agency's admin token";
			return Mono.error(new Problem(403, "wrong_token", "This call takes " + needed));
		}
		return Mono.just(caller);
	}

}
