package io.tallygate.outbox;

import io.tallygate.core.Caller;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Whether an agency's meter events go out. */
@RestController
@RequestMapping("/admin/v1/delivery")
class DeliveryController {

	private final MeterEventReads reads;

	private final DeliverySwitch delivery;

	DeliveryController(MeterEventReads reads, DeliverySwitch delivery) {
		this.reads = reads;
		this.delivery = delivery;
	}

	@GetMapping
	Mono<DeliveryStatus> read(Caller.OfAgency caller) {
		return this.reads.status(caller.agency());
	}

	@PostMapping("/pause")
	Mono<DeliveryStatus> pause(Caller.OfAgency caller, @RequestBody(required = false) @Nullable Pause body) {
		return this.delivery.pause(caller.agency(), (body != null) ? body.reason() : null)
			.then(this.reads.status(caller.agency()));
	}

	@PostMapping("/resume")
	Mono<DeliveryStatus> resume(Caller.OfAgency caller) {
		return this.delivery.resume(caller.agency()).then(this.reads.status(caller.agency()));
	}

	/**
	 * What may be said with a pause.
	 *
	 * @param reason for whoever asks why nothing goes out
	 */
	record Pause(@Nullable String reason) {
	}

}
