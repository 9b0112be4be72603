package io.tallygate.core;

import org.springframework.http.server.PathContainer;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

/**
 * Which paths are the admin plane's. They are recognised by the same patterns that find
 * controllers, so that an odd spelling ("/admin;x/v1", "/%61dmin/v1") is not another path
 * to one of them and the same to the other.
 */
public final class AdminPaths {

	/** Where the API describes itself. */
	static final String OPENAPI = "/admin/v1/openapi.json";

	private static final PathPattern ADMIN = PathPatternParser.defaultInstance.parse("/admin/**");

	private static final PathPattern DESCRIPTION = PathPatternParser.defaultInstance.parse(OPENAPI);

	private static final PathPattern WEBHOOKS = PathPatternParser.defaultInstance.parse("/webhooks/**");

	private AdminPaths() {
	}

	/** Whether a bearer token is needed. */
	public static boolean isAdmin(ServerWebExchange exchange) {
		return ADMIN.matches(path(exchange)) && !DESCRIPTION.matches(path(exchange));
	}

	/** Whether what goes wrong is told as a problem. */
	static boolean speaksProblems(ServerWebExchange exchange) {
		return ADMIN.matches(path(exchange)) || WEBHOOKS.matches(path(exchange));
	}

	private static PathContainer path(ServerWebExchange exchange) {
		return exchange.getRequest().getPath().pathWithinApplication();
	}

}
