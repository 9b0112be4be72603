package io.tallygate.outbox;

import java.util.List;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.RequestId;
import io.tallygate.metering.MeterEventTrail;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What was reported to Stripe, what was not and why, and what to do about it. */
@RestController
@RequestMapping("/admin/v1/meter_events")
class MeterEventsController {

	private final MeterEventReads reads;

	private final MeterEventDesk desk;

	private final MeterEventTrail trail;

	MeterEventsController(MeterEventReads reads, MeterEventDesk desk, MeterEventTrail trail) {
		this.reads = reads;
		this.desk = desk;
		this.trail = trail;
	}

	@GetMapping
	Mono<Page<MeterEventView>> list(Caller.OfAgency caller, @RequestParam(required = false) @Nullable String client,
			@RequestParam(required = false) @Nullable String state, PageRequest page) {
		return this.reads.page(caller.agency(), client(client), state(state), page)
			.map((rows) -> rows.map(MeterEventView::of));
	}

	@GetMapping("/{id}")
	Mono<Traced> read(Caller.OfAgency caller, @PathVariable String id) {
		return this.reads.find(caller.agency(), id(id))
			.flatMap((row) -> this.trail.requestsOf(caller.agency(), row.id())
				.map((requests) -> new Traced(MeterEventView.of(row),
						requests.stream().map(RequestId::value).toList())));
	}

	@PostMapping("/{id}/retry")
	Mono<MeterEventView> retry(Caller.OfAgency caller, @PathVariable String id) {
		return this.reads.find(caller.agency(), id(id)).flatMap(this.desk::retry).map(MeterEventView::of);
	}

	@PostMapping("/{id}/discard")
	Mono<MeterEventView> discard(Caller.OfAgency caller, @PathVariable String id) {
		return this.reads.find(caller.agency(), id(id)).flatMap(this.desk::discard).map(MeterEventView::of);
	}

	private static @Nullable ClientId client(@Nullable String id) {
		if (id == null) {
			return null;
		}
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		return new ClientId(id);
	}

	private static Delivery.@Nullable State state(@Nullable String text) {
		try {
			return (text != null) ? Delivery.State.valueOf(text.toUpperCase(Locale.ROOT)) : null;
		}
		catch (IllegalArgumentException ex) {
			throw Problem.invalid("/state",
					"state must be due, sending, delivered, parked or replaced but was '" + text + "'");
		}
	}

	private static MeterEventId id(String id) {
		if (!Ids.isId(MeterEventId.PREFIX, id)) {
			throw Problem.notFound("meter event", id);
		}
		return new MeterEventId(id);
	}

	/**
	 * A meter event with its trail.
	 *
	 * @param event the meter event
	 * @param requests those that completed its units, and those since the crossing before
	 */
	record Traced(@JsonUnwrapped MeterEventView event, List<String> requests) {
	}

}
