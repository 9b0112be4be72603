package io.tallygate.metering;

import java.time.Clock;
import java.util.List;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.tallygate.core.Caller;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.RequestId;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What was counted, line by line. */
@RestController
@RequestMapping("/admin/v1/ledger")
class LedgerController {

	private static final String CSV = "text/csv;charset=UTF-8";

	private static final String LEDGER_PREFIX = "led_";

	private final LedgerReads ledger;

	private final MeterEventTrail trail;

	private final Clock clock;

	LedgerController(LedgerReads ledger, MeterEventTrail trail, Clock clock) {
		this.ledger = ledger;
		this.trail = trail;
		this.clock = clock;
	}

	/** A page of the ledger, newest first. */
	@GetMapping(produces = MediaType.APPLICATION_JSON_VALUE)
	Mono<Page<LedgerEntry>> list(Caller.OfAgency caller, @RequestParam(required = false) @Nullable String client,
			@RequestParam(required = false) @Nullable String channel,
			@RequestParam(required = false) @Nullable String model,
			@RequestParam(required = false) @Nullable String from, @RequestParam(required = false) @Nullable String to,
			@RequestParam(required = false) @Nullable Integer limit,
			@RequestParam(name = "starting_after", required = false) @Nullable String startingAfter,
			@RequestParam(name = "ending_before", required = false) @Nullable String endingBefore) {
		LedgerFilter filter = new LedgerFilter(client, channel, model, Period.of(from, to, this.clock));
		return this.ledger.page(caller.agency(), filter, PageRequest.of(limit, startingAfter, endingBefore));
	}

	/** The whole of it, for a spreadsheet. */
	@GetMapping(produces = CSV)
	ResponseEntity<Flux<String>> export(Caller.OfAgency caller, @RequestParam(required = false) @Nullable String client,
			@RequestParam(required = false) @Nullable String channel,
			@RequestParam(required = false) @Nullable String model,
			@RequestParam(required = false) @Nullable String from,
			@RequestParam(required = false) @Nullable String to) {
		LedgerFilter filter = new LedgerFilter(client, channel, model, Period.of(from, to, this.clock));
		return ResponseEntity.ok()
			.header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"ledger.csv\"")
			.body(this.ledger.export(caller.agency(), filter)
				.map(LedgerCsv::line)
				.switchOnFirst((first, lines) -> first.isOnError() ? lines : lines.startWith(LedgerCsv.HEADER)));
	}

	/** One line, and the meter events that report it. */
	@GetMapping(path = "/{requestId}", produces = MediaType.APPLICATION_JSON_VALUE)
	Mono<Traced> read(Caller.OfAgency caller, @PathVariable String requestId) {
		if (!Ids.isId(RequestId.PREFIX, requestId) && !Ids.isId(LEDGER_PREFIX, requestId)) {
			return Mono.error(Problem.notFound("request", requestId));
		}
		String id = Ids.sibling(LEDGER_PREFIX, requestId);
		return this.ledger.find(caller.agency(), id)
			.switchIfEmpty(Mono.error(() -> Problem.notFound("request", requestId)))
			.zipWith(this.trail.eventsOf(caller.agency(), id), Traced::new);
	}

	/**
	 * A line with its trail.
	 *
	 * @param entry the line
	 * @param meterEvents the meter events of which it is part
	 */
	record Traced(@JsonUnwrapped LedgerEntry entry, List<MeterEventTrail.ReportedIn> meterEvents) {
	}

}
