package io.tallygate.billing;

import io.tallygate.core.Caller;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * What an agency does about clients that owe, where it has decided nothing about the
 * client alone. It is the agency's own to say, so it is no field of the agency, which the
 * platform changes.
 */
@RestController
@RequestMapping("/admin/v1/payment_policy")
class PaymentPolicyController {

	private final Payments payments;

	PaymentPolicyController(Payments payments) {
		this.payments = payments;
	}

	/**
	 * What is done.
	 *
	 * @param onOwing warn or suspend
	 * @param graceHours how long a client may go on, where it is suspended
	 * @param decidedBy the agency, or nobody: the default
	 */
	record Shown(PaymentPolicy.OnOwing onOwing, long graceHours, PaymentPolicy.DecidedBy decidedBy) {

		static Shown of(PaymentPolicy policy) {
			return new Shown(policy.onOwing(), policy.graceHours(), policy.decidedBy());
		}

	}

	/**
	 * What is to be done.
	 *
	 * @param onOwing warn or suspend
	 * @param graceHours how long a client may go on until then; 72 if absent
	 */
	record Decided(PaymentPolicy.@Nullable OnOwing onOwing, @Nullable Long graceHours) {
	}

	@GetMapping
	Mono<Shown> read(Caller.OfAgency caller) {
		return this.payments.policy(caller.agency()).map(Shown::of);
	}

	@PutMapping
	Mono<Shown> decide(Caller.OfAgency caller, @RequestBody Decided body) {
		PaymentPolicy.OnOwing onOwing = body.onOwing();
		if (onOwing == null) {
			throw Problem.invalid("/on_owing", "on_owing is required: warn or suspend");
		}
		PaymentPolicy policy = PaymentPolicy.of(onOwing, body.graceHours(), PaymentPolicy.DecidedBy.AGENCY);
		return this.payments.decide(caller.agency(), policy).thenReturn(Shown.of(policy));
	}

}
