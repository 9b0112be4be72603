package io.tallygate.core;

import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import reactor.core.publisher.Mono;

/**
 * Writes what went wrong in the admin plane as {@code application/problem+json} (RFC
 * 9457), and leaves other planes alone: they speak as the API that they imitate. What
 * nobody foresaw is logged under the request id, and told without its insides.
 */
@Component
@Order(-2)
class ProblemAdvice implements WebExceptionHandler {

	private static final Logger logger = LoggerFactory.getLogger(ProblemAdvice.class);

	private final AdminJson json;

	ProblemAdvice(AdminJson json) {
		this.json = json;
	}

	/**
	 * The body of a problem.
	 *
	 * @param type the code as a URI
	 * @param title the code in words
	 * @param status the HTTP status
	 * @param detail what happened this time
	 * @param code stable, for programs
	 * @param requestId ours
	 * @param errors the fields at fault
	 */
	record Body(String type, String title, int status, @Nullable String detail, String code, @Nullable String requestId,
			List<Problem.Field> errors) {

		static Body of(Problem problem, @Nullable String requestId) {
			String words = problem.code().replace('_', ' ');
			String title = words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
			return new Body("urn:tallygate:problem:" + problem.code(), title, problem.status(), problem.getMessage(),
					problem.code(), requestId, problem.errors());
		}

	}

	@Override
	public Mono<Void> handle(ServerWebExchange exchange, Throwable error) {
		ServerHttpResponse response = exchange.getResponse();
		if (!AdminPaths.speaksProblems(exchange) || response.isCommitted()) {
			return Mono.error(error);
		}
		String requestId = response.getHeaders().getFirst(AdminHeaders.REQUEST_ID);
		Problem problem = ProblemTranslator.translate(error);
		if (problem == null) {
			logger.error("Request {} to the admin API failed", requestId, error);
			problem = new Problem(500, "internal_error",
					"Something went wrong here; it is logged under the request id");
		}
		if (error instanceof ResponseStatusException status) {
			response.getHeaders().putAll(status.getHeaders());
		}
		if (problem.status() == 401) {
			response.getHeaders().set(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"tallygate\"");
		}
		response.setStatusCode(HttpStatusCode.valueOf(problem.status()));
		response.getHeaders().setContentType(MediaType.APPLICATION_PROBLEM_JSON);
		byte[] body = this.json.write(Body.of(problem, requestId));
		return response.writeWith(Mono.fromSupplier(() -> response.bufferFactory().wrap(body)));
	}

}
