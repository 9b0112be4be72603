package io.tallygate.billing;

import java.util.List;

import io.tallygate.client.ClientAlarm;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Holds a client's terms against Stripe now instead of in the night. */
@RestController
class TermsCheckController {

	private final NightlyTermsCheck checks;

	TermsCheckController(NightlyTermsCheck checks) {
		this.checks = checks;
	}

	/**
	 * What was found.
	 *
	 * @param clientId whose terms were looked at
	 * @param fits whether nothing was found
	 * @param alarms what does not fit
	 */
	record Result(String clientId, boolean fits, List<ClientAlarm> alarms) {

		Result {
			alarms = List.copyOf(alarms);
		}

	}

	@PostMapping("/admin/v1/clients/{id}/terms_check")
	Mono<Result> check(Caller.OfAgency caller, @PathVariable String id) {
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		return this.checks.look(caller.agency(), new ClientId(id))
			.map((alarms) -> new Result(id, alarms.isEmpty(), alarms));
	}

}
