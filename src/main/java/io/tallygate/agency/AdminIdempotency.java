package io.tallygate.agency;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.agency.AdminRequests.Name;
import io.tallygate.agency.AdminRequests.Standing;
import io.tallygate.core.AdminJson;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.Caller;
import io.tallygate.core.Metric;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import org.reactivestreams.Publisher;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Lets a POST to the admin API be repeated, as at Stripe:
 * <ol>
 * <li>its Idempotency-Key is taken, or it is refused because another request has it, or
 * because the first one is not answered yet;</li>
 * <li>who repeats what succeeded gets the answer that was kept, without the secrets that
 * are shown once;</li>
 * <li>what is served runs to its end, whether or not its caller waits for it;</li>
 * <li>a success is kept for a day before it is answered. A failure is not: it may be
 * mended and repeated under the same key.</li>
 * </ol>
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 300)
class AdminIdempotency implements WebFilter {

	static final String HEADER = "Idempotency-Key";

	private static final int KEY_LENGTH_MAX = 255;

	private static final int BODY_BYTES_MAX = 256 * 1024;

	private static final int ANSWER_BYTES_MAX = 1024 * 1024;

	private final AdminRequests requests;

	private final AdminJson json;

	private final MeterRegistry metrics;

	AdminIdempotency(AdminRequests requests, AdminJson json, MeterRegistry metrics) {
		this.requests = requests;
		this.json = json;
		this.metrics = metrics;
	}

	@Override
	public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
		Caller caller = exchange.getAttribute(AdminAuthentication.CALLER);
		String key = exchange.getRequest().getHeaders().getFirst(HEADER);
		if (caller == null || key == null || !HttpMethod.POST.equals(exchange.getRequest().getMethod())) {
			return chain.filter(exchange);
		}
		return serve(exchange, chain, caller, checked(key));
	}

	private Mono<Void> serve(ServerWebExchange exchange, WebFilterChain chain, Caller caller, String key) {
		Name name = new Name((caller instanceof Caller.OfAgency own) ? own.agency().value() : "platform", key);
		AdminRequest once = exchange.getRequiredAttribute(AdminRequest.ATTRIBUTE);
		return body(exchange.getRequest())
			.flatMap((body) -> this.requests.take(name, fingerprint(exchange.getRequest(), caller, body), once.id())
				.doOnNext(this::count)
				.flatMap((standing) -> answer(exchange, chain, name, standing, body)));
	}

	private Mono<Void> answer(ServerWebExchange exchange, WebFilterChain chain, Name name, Standing standing,
			byte[] body) {
		if (standing instanceof Standing.Taken taken) {
			return run(exchange, chain, name, taken, body);
		}
		if (standing instanceof Standing.Answered answered) {
			return replay(exchange.getResponse(), answered);
		}
		if (standing instanceof Standing.InFlight) {
			exchange.getResponse().getHeaders().set(HttpHeaders.RETRY_AFTER, "1");
			return Mono.error(new Problem(409, "idempotency_in_progress",
					"The first request under this Idempotency-Key is not answered yet: repeat it in a moment"));
		}
		return Mono.error(new Problem(400, "idempotency_key_reused",
				"This Idempotency-Key was used for another request within the last day: "
						+ "repeat that one unchanged, or use another key"));
	}

	private Mono<Void> run(ServerWebExchange exchange, WebFilterChain chain, Name name, Standing.Taken taken,
			byte[] body) {
		exchange.getAttributes().put(AdminRequest.ATTRIBUTE, taken.request());
		ServerWebExchange kept = exchange.mutate()
			.request(new ReadRequest(exchange.getRequest(), exchange.getResponse(), body))
			.response(new KeptResponse(exchange.getResponse(), name, taken))
			.build();
		return Uncancelled.of(Mono.defer(() -> chain.filter(kept))
			.onErrorResume((error) -> this.requests.release(name, taken).then(Mono.error(error))));
	}

	private static Mono<Void> replay(ServerHttpResponse response, Standing.Answered answered) {
		response.setStatusCode(HttpStatusCode.valueOf(answered.status()));
		response.getHeaders().set("Idempotent-Replayed", "true");
		response.getHeaders().set("Original-Request", answered.original());
		if (answered.body().isEmpty()) {
			return response.setComplete();
		}
		response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
		return response.writeWith(Mono
			.fromSupplier(() -> response.bufferFactory().wrap(answered.body().getBytes(StandardCharsets.UTF_8))));
	}

	private static Mono<byte[]> body(ServerHttpRequest request) {
		return DataBufferUtils.join(request.getBody(), BODY_BYTES_MAX)
			.map(AdminIdempotency::bytes)
			.defaultIfEmpty(new byte[0]);
	}

	private static byte[] bytes(DataBuffer buffer) {
		byte[] bytes = new byte[buffer.readableByteCount()];
		buffer.read(bytes);
		DataBufferUtils.release(buffer);
		return bytes;
	}

	/**
	 * What makes two requests the same: who may see the answer, the call, and what it
	 * says.
	 */
	private byte[] fingerprint(ServerHttpRequest request, Caller caller, byte[] body) {
		String role = (caller instanceof Caller.OfAgency own) ? own.role().name() : "PLATFORM";
		try {
			MessageDigest digest = MessageDigest.getInstance("SHA-256");
			for (String part : new String[] { role, request.getURI().getRawPath(), request.getURI().getRawQuery() }) {
				digest.update((part + "\n").getBytes(StandardCharsets.UTF_8));
			}
			return digest.digest(this.json.canonical(body));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException("This JVM has no SHA-256", ex);
		}
	}

	private static String checked(String key) {
		if (key.isBlank() || key.length() > KEY_LENGTH_MAX) {
			throw new Problem(400, "invalid_request",
					"An Idempotency-Key has 1 to " + KEY_LENGTH_MAX + " characters but this one has " + key.length());
		}
		return key;
	}

	private void count(Standing standing) {
		this.metrics.counter(Metric.ADMIN_REPEATS.key(), "outcome", standing.outcome()).increment();
	}

	/** A request whose body has been read. */
	private static final class ReadRequest extends ServerHttpRequestDecorator {

		private final ServerHttpResponse response;

		private final byte[] body;

		ReadRequest(ServerHttpRequest request, ServerHttpResponse response, byte[] body) {
			super(request);
			this.response = response;
			this.body = body;
		}

		@Override
		public Flux<DataBuffer> getBody() {
			return (this.body.length == 0) ? Flux.empty()
					: Flux.defer(() -> Flux.just(this.response.bufferFactory().wrap(this.body)));
		}

	}

	/** Keeps an answer that is a success before it leaves. */
	private final class KeptResponse extends ServerHttpResponseDecorator {

		private final Name name;

		private final Standing.Taken taken;

		KeptResponse(ServerHttpResponse response, Name name, Standing.Taken taken) {
			super(response);
			this.name = name;
			this.taken = taken;
		}

		@Override
		public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
			return DataBufferUtils.join(Flux.from(body), ANSWER_BYTES_MAX)
				.map(AdminIdempotency::bytes)
				.flatMap((answer) -> keep(answer)
					.then(Mono.defer(() -> super.writeWith(Mono.just(bufferFactory().wrap(answer))))));
		}

		@Override
		public Mono<Void> setComplete() {
			return keep(new byte[0]).then(Mono.defer(super::setComplete));
		}

		private Mono<Void> keep(byte[] answer) {
			// What it made is committed: if this is not, a repeat has to find it.
			this.taken.request().reachOut();
			HttpStatusCode status = getStatusCode();
			int code = (status != null) ? status.value() : 200;
			return AdminIdempotency.this.requests.keep(this.name, this.taken, code,
					AdminIdempotency.this.json.withoutSecrets(answer));
		}

	}

}
