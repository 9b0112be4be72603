package io.tallygate.billing;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;

/**
 * Where Stripe posts webhooks to. The body is read as it is, because its bytes are what
 * is signed.
 */
@RestController
class WebhookController {

	/** Stripe's events are smaller by far. */
	private static final int BODY_MAX = 1024 * 1024;

	private final WebhookReception reception;

	WebhookController(WebhookReception reception) {
		this.reception = reception;
	}

	/**
	 * What Stripe is answered.
	 *
	 * @param received always true
	 * @param repeated whether it was known already
	 */
	record Received(boolean received, boolean repeated) {
	}

	@PostMapping("/webhooks/stripe/{agency}")
	Mono<Received> receive(@PathVariable String agency,
			@RequestHeader(name = "Stripe-Signature", required = false) @Nullable String signature,
			ServerHttpRequest request) {
		if (!Ids.isId(AgencyId.PREFIX, agency)) {
			throw Problem.notFound("agency", agency);
		}
		return body(request).flatMap((body) -> this.reception.receive(new AgencyId(agency), signature, body))
			.map((first) -> new Received(true, !first));
	}

	private static Mono<byte[]> body(ServerHttpRequest request) {
		return DataBufferUtils.join(request.getBody(), BODY_MAX)
			.map(WebhookController::bytes)
			.defaultIfEmpty(new byte[0]);
	}

	private static byte[] bytes(DataBuffer buffer) {
		byte[] bytes = new byte[buffer.readableByteCount()];
		buffer.read(bytes);
		DataBufferUtils.release(buffer);
		return bytes;
	}

}
