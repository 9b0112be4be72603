package io.tallygate.metering;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.client.Limits;
import io.tallygate.client.Periods;
import io.tallygate.client.UsagePeriod;
import io.tallygate.core.BoundedMap;
import io.tallygate.core.ClientId;
import io.tallygate.metering.Admission.Admitted;
import io.tallygate.metering.Admission.Rates;
import reactor.core.publisher.Mono;

/**
 * What a client may open on this replica while Redis is away:
 * <ol>
 * <li>without a cap, so many exchanges in one absence;</li>
 * <li>with a cap, while what its exchanges here reserve is less than this replica's share
 * of what PostgreSQL says is left of it;</li>
 * <li>with a rate, a share of it.</li>
 * </ol>
 * The replicas cannot hear of each other, so each takes only its part.
 */
class Credit {

	private static final int CLIENTS_MAX = 10_000;

	private final LedgerWriter ledger;

	private final Presence presence;

	private final Periods periods;

	private final OccurrenceClock clock;

	private final int openCredit;

	/** Exchanges that each client has opened here since Redis went away. */
	private final Map<ClientId, AtomicInteger> opened = new ConcurrentHashMap<>();

	/**
	 * What clients with a cap reserve here: request to thousandths, from the admission,
	 * by whomever, until PostgreSQL's total has the entry.
	 */
	private final Map<ClientId, Map<String, Long>> held = new ConcurrentHashMap<>();

	private final BoundedMap<ClientId, RateShare> rates = new BoundedMap<>(CLIENTS_MAX);

	Credit(LedgerWriter ledger, Presence presence, Periods periods, OccurrenceClock clock, int openCredit) {
		this.ledger = ledger;
		this.presence = presence;
		this.periods = periods;
		this.clock = clock;
		this.openCredit = openCredit;
	}

	/**
	 * Leave, or a refusal.
	 * @throws UsedUp (as the Mono's error) when there is none left
	 */
	Mono<Admission> take(Opening opening) {
		Long hard = opening.terms().limits().hardQuantity();
		return (hard != null) ? takeOfCap(opening, hard) : Mono.fromSupplier(() -> takeOne(opening));
	}

	private Admission takeOne(Opening opening) {
		if (this.opened.computeIfAbsent(opening.terms().client(), (client) -> new AtomicInteger())
			.incrementAndGet() > this.openCredit) {
			throw new UsedUp("Redis is away and this client's credit of " + this.openCredit + " exchanges is used up");
		}
		return takeOfRates(opening);
	}

	private Mono<Admission> takeOfCap(Opening opening, long hard) {
		ClientId client = opening.terms().client();
		UsagePeriod period = this.periods.at(client, this.clock.now());
		return this.ledger.used(new UsageKey(client, opening.terms().policy().chargeBy(), period.start()))
			.map((used) -> takeOfCap(opening, hard, used.quantity(), period));
	}

	private Admission takeOfCap(Opening opening, long hard, long used, UsagePeriod period) {
		if (used >= hard) {
			return opening.capReached(used, 0, period, Rates.NONE);
		}
		if (!hold(opening, (hard - used) / this.presence.replicas())) {
			throw new UsedUp("Redis is away and this replica's share of what is left of the client's cap is in use");
		}
		Admission admission = takeOfRates(opening);
		if (!(admission instanceof Admitted)) {
			released(opening);
		}
		return admission;
	}

	/** Holds the reservation if less than {@code share} is held already. */
	private boolean hold(Opening opening, long share) {
		Map<String, Long> after = this.held.compute(opening.terms().client(), (client, before) -> {
			Map<String, Long> here = (before != null) ? before : new ConcurrentHashMap<>();
			if (here.values().stream().mapToLong(Long::longValue).sum() < share) {
				here.put(opening.request().value(), opening.reservation());
			}
			return here.isEmpty() ? null : here;
		});
		return after != null && after.containsKey(opening.request().value());
	}

	private Admission takeOfRates(Opening opening) {
		Opening shared = shared(opening);
		return isRated(opening) ? share(opening.terms().client()).take(shared, this.clock.now()) : Admitted.UNLIMITED;
	}

	private RateShare share(ClientId client) {
		RateShare known = this.rates.get(client);
		return (known != null) ? known : this.rates.putIfAbsent(client, new RateShare());
	}

	/** The same exchange with this replica's part of the rates. */
	private Opening shared(Opening opening) {
		return opening.sharedBy(this.presence.replicas());
	}

	private static boolean isRated(Opening opening) {
		Limits limits = opening.terms().limits();
		return limits.requestsPerMinute() != null || limits.tokensPerMinute() != null;
	}

	/** An exchange was admitted, by Redis or here. */
	void admitted(Opening opening) {
		if (opening.terms().limits().hardQuantity() != null) {
			hold(opening, Long.MAX_VALUE);
		}
	}

	/** An exchange has ended and used so many tokens; only the first word counts. */
	void closed(Opening opening, long tokens) {
		RateShare share = (opening.terms().limits().tokensPerMinute() != null)
				? this.rates.get(opening.terms().client()) : null;
		if (share != null) {
			share.used(shared(opening), tokens, this.clock.now());
		}
	}

	/** What an exchange reserves is free: it was not admitted, or PostgreSQL has it. */
	void released(Opening opening) {
		closed(opening, 0);
		if (opening.terms().limits().hardQuantity() != null) {
			this.held.computeIfPresent(opening.terms().client(), (client, here) -> {
				here.remove(opening.request().value());
				return here.isEmpty() ? null : here;
			});
		}
	}

	/** What clients with a cap reserve here, in thousandths. */
	long held() {
		return this.held.values().stream().flatMap((here) -> here.values().stream()).mapToLong(Long::longValue).sum();
	}

	/**
	 * Credit is for one absence of Redis: what was used while it was only slow is given
	 * back.
	 */
	void redisIsThere() {
		if (!this.opened.isEmpty()) {
			this.opened.clear();
		}
	}

	/** There is no credit left for this client here. */
	static final class UsedUp extends RuntimeException {

		private static final long serialVersionUID = 1L;

		UsedUp(String message) {
			super(message, null, false, false);
		}

	}

}
