package io.tallygate.metering;

import java.time.Clock;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Locale;

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

	private final Clock clock;

	UsageController(UsageReads usage, Clock clock) {
		this.usage = usage;
		this.clock = clock;
	}

	/** A client's use in a period, by the day unless asked otherwise. */
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
		return this.usage.usage(caller.agency(), new ClientId(id), Period.of(from, to, this.clock), step, group);
	}

	private static <E extends Enum<E>> E named(String parameter, String text, Collection<E> known) {
		return known.stream()
			.filter((each) -> each.name().toLowerCase(Locale.ROOT).equals(text))
			.findFirst()
			.orElseThrow(() -> Problem.invalid("/" + parameter, parameter + " must be one of "
					+ known.toString().toLowerCase(Locale.ROOT) + " but was '" + text + "'"));
	}

}
