package io.tallygate.core;

import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Gives every answer of the admin plane its request id, and keeps it out of caches:
 * answers hold keys that are shown once.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 100)
class AdminHeaders implements WebFilter {

	static final String REQUEST_ID = "x-request-id";

	private final Ids ids;

	AdminHeaders(Ids ids) {
		this.ids = ids;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		if (AdminPaths.speaksProblems(exchange)) {
			RequestId id = new RequestId(this.ids.next(RequestId.PREFIX));
			exchange.getAttributes().put(AdminRequest.ATTRIBUTE, AdminRequest.once(id));
			HttpHeaders headers = exchange.getResponse().getHeaders();
			headers.set(REQUEST_ID, id.value());
			headers.setCacheControl(CacheControl.noStore());
		}
		return chain.filter(exchange);
	}

}
