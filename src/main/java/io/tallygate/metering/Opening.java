package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

import io.tallygate.client.Limits;
import io.tallygate.client.Terms;
import io.tallygate.client.UsagePeriod;
import io.tallygate.core.ChannelId;
import io.tallygate.core.RequestId;
import io.tallygate.metering.Admission.CapReached;
import io.tallygate.metering.Admission.RateExceeded;
import io.tallygate.metering.Admission.Rates;
import org.jspecify.annotations.Nullable;

/**
 * An exchange about to be relayed.
 *
 * @param request the exchange's id
 * @param channel how it came in
 * @param terms what it is admitted and charged under
 * @param reservation the most that it may add to the client's total, in thousandths
 * @param tokens the most of them that it may use: body bytes / 4 and the bounded maximum
 * output
 * @param at by the instance's clock
 */
public record Opening(RequestId request, ChannelId channel, Terms terms, long reservation, long tokens, Instant at) {

	/** What it reserves of the tokens a minute: never more than there are. */
	long tokensReserved() {
		Long limit = limits().tokensPerMinute();
		return (limit != null) ? Math.min(this.tokens, limit) : 0;
	}

	/** The same exchange under one of so many parts of its client's rates. */
	Opening sharedBy(int replicas) {
		Limits all = limits();
		Limits part = new Limits(all.softQuantity(), all.hardQuantity(), part(all.requestsPerMinute(), replicas),
				part(all.tokensPerMinute(), replicas));
		Terms shared = new Terms(this.terms.agency(), this.terms.client(), this.terms.epoch(), this.terms.policy(),
				part);
		return new Opening(this.request, this.channel, shared, this.reservation, this.tokens, this.at);
	}

	private static @Nullable Long part(@Nullable Long limit, int replicas) {
		return (limit != null) ? Long.valueOf(Math.max(1, limit / replicas)) : null;
	}

	/** How the client's rates stand when so much is taken of them. */
	Rates rates(long requestsTaken, long tokensTaken) {
		return new Rates(standing(limits().requestsPerMinute(), requestsTaken),
				standing(limits().tokensPerMinute(), tokensTaken));
	}

	/** Its refusal by the hard cap. */
	CapReached capReached(long used, long reserved, UsagePeriod period, Rates rates) {
		long hard = Objects.requireNonNull(limits().hardQuantity());
		return new CapReached(this.terms.policy().chargeBy(), Thousandths.decimal(hard), Thousandths.decimal(used),
				Thousandths.decimal(reserved), period.end(), rates);
	}

	/** Its refusal by the rate that is used up when so much is taken of both. */
	RateExceeded rateExceeded(long requestsTaken, long tokensTaken) {
		Long requests = limits().requestsPerMinute();
		boolean byRequests = requests != null && !new Rate(requests).hasOne(requestsTaken);
		Rate rate = new Rate(Objects.requireNonNull(byRequests ? requests : limits().tokensPerMinute()));
		Duration wait = rate.untilOne(byRequests ? requestsTaken : tokensTaken);
		return new RateExceeded(byRequests ? "requests" : "tokens", rate.perMinute(), wait,
				rates(requestsTaken, tokensTaken));
	}

	private Limits limits() {
		return this.terms.limits();
	}

	private static Admission.@Nullable RateStanding standing(@Nullable Long perMinute, long taken) {
		return (perMinute != null) ? new Rate(perMinute).standing(taken) : null;
	}

}
