package io.tallygate.stripe;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.model.billing.MeterEventSummary;
import com.stripe.net.RequestOptions;
import com.stripe.param.billing.MeterEventAdjustmentCreateParams;
import com.stripe.param.billing.MeterEventCreateParams;
import com.stripe.param.billing.MeterEventSummaryListParams;
import io.tallygate.core.AgencyId;
import io.tallygate.stripe.MeterEventAnswer.Fault;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** Meter events at Stripe itself, by the way that the agency's connection says. */
final class StripeMeterEvents implements MeterEvents {

	private static final Logger logger = LoggerFactory.getLogger(StripeMeterEvents.class);

	/** Under which a meter finds the customer, unless it was made to look elsewhere. */
	static final String CUSTOMER_KEY = "stripe_customer_id";

	/** Under which a meter finds the value, unless it was made to look elsewhere. */
	static final String VALUE_KEY = "value";

	private static final Set<String> CUSTOMER_CODES = Set.of("meter_event_customer_not_found",
			"meter_event_no_customer_defined");

	private static final Set<String> METER_CODES = Set.of("no_meter", "archived_meter");

	private static final long SUMMARIES_AT_ONCE = 100;

	private final StripeCalls calls;

	private final MeterEventStream stream;

	StripeMeterEvents(StripeCalls calls, MeterEventStream stream) {
		this.calls = calls;
		this.stream = stream;
	}

	@Override
	public Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
		return this.calls.connection(agency).flatMap((connection) -> switch (connection.meterEvents()) {
			case V1 -> sendAlone(agency, event);
			case V2_STREAM -> this.stream.send(agency, event);
		}).onErrorResume(StripeProblem.class, (problem) -> Mono.just(answer(event, problem)));
	}

	private Mono<MeterEventAnswer> sendAlone(AgencyId agency, MeterEvent event) {
		MeterEventCreateParams params = MeterEventCreateParams.builder()
			.setEventName(event.eventName())
			.setIdentifier(event.identifier())
			.setTimestamp(event.timestamp().getEpochSecond())
			.putPayload(CUSTOMER_KEY, event.customer())
			.putPayload(VALUE_KEY, Long.toString(event.value()))
			.build();
		RequestOptions options = RequestOptions.builder().setIdempotencyKey(event.idempotencyKey()).build();
		return this.calls.call(agency, (stripe) -> stripe.v1().billing().meterEvents().create(params, options))
			.map((accepted) -> new MeterEventAnswer.Accepted());
	}

	@Override
	public Mono<BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from, Instant to) {
		MeterEventSummaryListParams params = MeterEventSummaryListParams.builder()
			.setCustomer(customer)
			.setStartTime(from.getEpochSecond())
			.setEndTime(to.getEpochSecond())
			.setLimit(SUMMARIES_AT_ONCE)
			.build();
		return this.calls.call(agency, (stripe) -> sum(stripe, meterId, params));
	}

	@Override
	public Mono<Map<Instant, BigDecimal>> summaries(AgencyId agency, String meterId, String customer,
			List<Instant> hours) {
		MeterEventSummaryListParams params = MeterEventSummaryListParams.builder()
			.setCustomer(customer)
			.setStartTime(Collections.min(hours).getEpochSecond())
			.setEndTime(Collections.max(hours).plus(Duration.ofHours(1)).getEpochSecond())
			.setValueGroupingWindow(MeterEventSummaryListParams.ValueGroupingWindow.HOUR)
			.setLimit(SUMMARIES_AT_ONCE)
			.build();
		return this.calls.call(agency, (stripe) -> byHour(stripe, meterId, params))
			.map((seen) -> hours.stream()
				.collect(Collectors.toMap((hour) -> hour, (hour) -> seen.getOrDefault(hour, BigDecimal.ZERO))));
	}

	@Override
	public Mono<MeterEventAnswer> cancel(AgencyId agency, String eventName, String identifier, String idempotencyKey) {
		MeterEventAdjustmentCreateParams params = MeterEventAdjustmentCreateParams.builder()
			.setEventName(eventName)
			.setType(MeterEventAdjustmentCreateParams.Type.CANCEL)
			.setCancel(MeterEventAdjustmentCreateParams.Cancel.builder().setIdentifier(identifier).build())
			.build();
		RequestOptions options = RequestOptions.builder().setIdempotencyKey(idempotencyKey).build();
		return this.calls
			.call(agency, (stripe) -> stripe.v1().billing().meterEventAdjustments().create(params, options))
			.<MeterEventAnswer>map((accepted) -> new MeterEventAnswer.Accepted())
			.onErrorResume(StripeProblem.class, (problem) -> Mono.just(answer(problem)));
	}

	private static Map<Instant, BigDecimal> byHour(StripeClient stripe, String meterId,
			MeterEventSummaryListParams params) throws StripeException {
		Map<Instant, BigDecimal> byHour = new HashMap<>();
		for (MeterEventSummary each : stripe.v1()
			.billing()
			.meters()
			.eventSummaries()
			.list(meterId, params)
			.autoPagingIterable()) {
			byHour.merge(Instant.ofEpochSecond(each.getStartTime()), each.getAggregatedValue(), BigDecimal::add);
		}
		return byHour;
	}

	private static BigDecimal sum(StripeClient stripe, String meterId, MeterEventSummaryListParams params)
			throws StripeException {
		BigDecimal sum = BigDecimal.ZERO;
		for (MeterEventSummary each : stripe.v1()
			.billing()
			.meters()
			.eventSummaries()
			.list(meterId, params)
			.autoPagingIterable()) {
			sum = sum.add(each.getAggregatedValue());
		}
		return sum;
	}

	private static MeterEventAnswer answer(MeterEvent event, StripeProblem problem) {
		if (problem.code().equals("idempotency_error")) {
			logger.error("Stripe says that the idempotency key of meter event {} was used for another event: {}",
					event.identifier(), problem.reason());
		}
		return answer(problem);
	}

	/** What became of the event, when Stripe did not just take it. */
	static MeterEventAnswer answer(StripeProblem problem) {
		return switch (problem.kind()) {
			case NOT_CONNECTED, KEY_REFUSED -> new MeterEventAnswer.KeyRefused(problem.reason());
			case NOT_SENT, BUSY -> new MeterEventAnswer.Busy(problem.reason(), null);
			case FAILED -> new MeterEventAnswer.Failed(problem.reason());
			case UNANSWERED -> new MeterEventAnswer.Unanswered(problem.reason());
			case NOT_FOUND, REFUSED -> isDuplicate(problem) ? new MeterEventAnswer.Duplicate()
					: new MeterEventAnswer.Refused(problem.code(), problem.reason(), fault(problem));
		};
	}

	/** Stripe's accounts of this answer differ in the code, so either mark is enough. */
	private static boolean isDuplicate(StripeProblem problem) {
		return problem.status() == 400
				&& (problem.code().equals("resource_already_exists") || problem.says("already exists with identifier"));
	}

	private static Fault fault(StripeProblem problem) {
		return fault(problem.code(), problem.reason());
	}

	/** What is at fault, by Stripe's code, or by its words where the code says less. */
	static Fault fault(String code, @Nullable String message) {
		String words = (message != null) ? message.toLowerCase(Locale.ROOT) : "";
		if (CUSTOMER_CODES.contains(code) || words.contains("no such customer")) {
			return Fault.CUSTOMER;
		}
		if (METER_CODES.contains(code) || words.contains("no active meter")) {
			return Fault.METER;
		}
		return (code.startsWith("timestamp_") || words.contains("timestamp")) ? Fault.AGE : Fault.VALUE;
	}

}
