package io.tallygate.agency;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import io.tallygate.core.AdminPaths;
import io.tallygate.core.Caller;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.PathContainer;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.publisher.Mono;

/**
 * Asks everybody who comes to the admin plane for a bearer token, and then, of an
 * agency's:
 * <ol>
 * <li>rebilling is in the agency's plan, or the agency itself is all that can be
 * read;</li>
 * <li>a suspended agency reads and writes nothing;</li>
 * <li>the token's role allows it.</li>
 * </ol>
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 200)
class AdminAuthentication implements WebFilter {

	/** The exchange's attribute that holds the proven {@link Caller}. */
	static final String CALLER = Caller.class.getName();

	private static final String SCHEME = "Bearer ";

	private static final PathPattern THE_AGENCY = pattern("/admin/v1/agencies/{id}");

	private static final Set<HttpMethod> READS = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

	/** Where tokens and keys are made and ended. */
	private static final List<PathPattern> CREDENTIALS = List.of(pattern("/admin/v1/agencies/{id}/admin_tokens"),
			pattern("/admin/v1/admin_tokens/**"), pattern("/admin/v1/channels/{id}/keys"),
			pattern("/admin/v1/keys/**"));

	private final byte @Nullable [] platformToken;

	private final AdminTokens tokens;

	AdminAuthentication(AgencyProperties properties, AdminTokens tokens) {
		String platformToken = properties.platformToken();
		this.platformToken = (platformToken == null || platformToken.isBlank()) ? null
				: platformToken.strip().getBytes(StandardCharsets.UTF_8);
		this.tokens = tokens;
	}

	static Problem invalidToken() {
		return new Problem(401, "invalid_token",
				"Send 'Authorization: Bearer' with the platform token or an agency's admin token (tga_...)");
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		return AdminPaths.isAdmin(exchange) ? admitted(exchange).then(chain.filter(exchange)) : chain.filter(exchange);
	}

	private Mono<Void> admitted(ServerWebExchange exchange) {
		return caller(bearer(exchange), exchange).switchIfEmpty(Mono.error(AdminAuthentication::invalidToken))
			.doOnNext((caller) -> exchange.getAttributes().put(CALLER, caller))
			.then();
	}

	private Mono<Caller> caller(String token, ServerWebExchange exchange) {
		if (isPlatform(token)) {
			return Mono.just(new Caller.Platform());
		}
		return this.tokens.bearer(token)
			.doOnNext((standing) -> check(standing, exchange))
			.map(AdminTokens.Standing::caller);
	}

	private boolean isPlatform(String token) {
		return this.platformToken != null
				&& MessageDigest.isEqual(this.platformToken, token.getBytes(StandardCharsets.UTF_8));
	}

	private static void check(AdminTokens.Standing standing, ServerWebExchange exchange) {
		PathContainer path = exchange.getRequest().getPath().pathWithinApplication();
		boolean reads = READS.contains(exchange.getRequest().getMethod());
		if (!standing.rebilling() && !(reads && THE_AGENCY.matches(path))) {
			throw new Problem(403, "rebilling_not_enabled", "Rebilling is not part of this agency's plan");
		}
		if (!standing.active() && !reads) {
			throw new Problem(403, "agency_suspended", "This agency is suspended: it can read, and change nothing");
		}
		Caller.Role role = standing.caller().role();
		boolean allowed = switch (role) {
			case OWNER -> true;
			case BILLING -> reads || CREDENTIALS.stream().noneMatch((pattern) -> pattern.matches(path));
			case SUPPORT -> reads;
		};
		if (!allowed) {
			throw new Problem(403, "role_not_allowed",
					"A token of the role '" + role.name().toLowerCase(Locale.ROOT) + "' may not do this");
		}
	}

	private static String bearer(ServerWebExchange exchange) {
		String header = exchange.getRequest().getHeaders().getFirst(HttpHeaders.AUTHORIZATION);
		return (header != null && header.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
				? header.substring(SCHEME.length()).strip() : "";
	}

	private static PathPattern pattern(String pattern) {
		return PathPatternParser.defaultInstance.parse(pattern);
	}

}
