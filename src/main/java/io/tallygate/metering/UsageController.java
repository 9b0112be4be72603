package io.tallygate.metering;

import java.time.Clock;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;

import io.tallygate.client.CurrentPeriods;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import io.tallygate.metering.UsageReads.GroupBy;
import io.tallygate.metering.UsageReads.Step;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What a client used, added up. */
@RestController
class UsageController {

	private final UsageReads usage;

	private final CurrentPeriods periods;

	private final Clock clock;

	UsageController(UsageReads usage, CurrentPeriods periods, Clock clock) {
		this.usage = usage;
		this.periods = periods;
		this.clock = clock;
	}

	/**
	 * A client's use in a stretch of time, its current period if none is given, by the
	 * day unless asked otherwise.
	 */
	@GetMapping("/admin/v1/clients/{id}/usage")
	Mono<ClientUsage> usage(Caller.OfAgency caller, @PathVariable String id,
			@RequestParam(required = false) @Nullable String from, @RequestParam(required = false) @Nullable String to,
			@RequestParam(required = false) @Nullable String bucket,
			@RequestParam(name = "group_by", required = false) @Nullable String groupBy) {
		if (!Ids.isId(ClientId.PREFIX, id)) {
			return Mono.error(Problem.notFound("client", id));
		}
		Step step = (bucket != null) ? named("bucket", bucket, EnumSet.allOf(Step.class)) : Step.DAY;
		GroupBy group = (groupBy != null)
				? named("group_by", groupBy, EnumSet.complementOf(EnumSet.of(GroupBy.NOTHING))) : GroupBy.NOTHING;
		ClientId client = new ClientId(id);
		Mono<Period> period = (from == null && to == null) ? this.periods.of(caller.agency(), client).map(Period::of)
				: Mono.just(Period.of(from, to, this.clock));
		return period.flatMap((asked) -> this.usage.usage(caller.agency(), client, asked, step, group));
	}

	private static <E extends Enum<E>> E named(String parameter, String text, Collection<E> known) {
		return known.stream()
			.filter((each) -> each.name().toLowerCase(Locale.ROOT).equals(text))
			.findFirst()
			.orElseThrow(() -> Problem.invalid("/" + parameter, parameter + " must be one of "
					+ known.toString().toLowerCase(Locale.ROOT) + " but was '" + text + "'"));
	}

}
