package io.tallygate.outbox;

import java.math.BigDecimal;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Made-up usage of a client, in test mode, to see that its set-up works. */
@RestController
class TestUsageController {

	private static final long QUANTITY_MAX = 1_000_000_000_000L;

	private final TestUsage usage;

	TestUsageController(TestUsage usage) {
		this.usage = usage;
	}

	/**
	 * What is to be reported.
	 *
	 * @param quantity tokens or messages
	 */
	record Body(@Nullable Long quantity) {
	}

	/**
	 * What became of it.
	 *
	 * @param event the meter event
	 * @param quantity what was asked for
	 * @param readBack what Stripe made of it
	 */
	record Reported(@JsonUnwrapped MeterEventView event, long quantity, @Nullable ReadBack readBack) {
	}

	/**
	 * What Stripe has aggregated in the hour of the event.
	 *
	 * @param aggregated by Stripe
	 * @param delivered by us, the test usage included
	 * @param agrees whether these are the same
	 */
	record ReadBack(BigDecimal aggregated, long delivered, boolean agrees) {
	}

	@PostMapping("/admin/v1/clients/{id}/test_usage")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<Reported> report(Caller.OfAgency caller, AdminRequest request, @PathVariable String id,
			@RequestBody Body body) {
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		long quantity = (body.quantity() != null) ? body.quantity() : 0;
		if (quantity < 1 || quantity > QUANTITY_MAX) {
			throw Problem.invalid("/quantity",
					"quantity must be at least 1 and at most " + QUANTITY_MAX + " but was " + body.quantity());
		}
		return this.usage.report(caller.agency(), new ClientId(id), quantity, request)
			.map((report) -> new Reported(MeterEventView.of(report.row()), quantity, shown(report.readBack())));
	}

	private static @Nullable ReadBack shown(TestUsage.@Nullable ReadBack read) {
		return (read != null) ? new ReadBack(read.aggregated(), read.delivered(), read.agrees()) : null;
	}

}
