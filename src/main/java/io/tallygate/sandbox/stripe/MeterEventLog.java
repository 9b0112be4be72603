package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/** The meter events that an account accepted, by customer and meter. */
final class MeterEventLog {

	/** An identifier is refused again for this long. */
	static final Duration IDENTIFIER_LIFE = Duration.ofHours(24);

	/** Events that one account keeps; then it refuses more. */
	static final int EVENTS_MAX = 1_000_000;

	private final Map<Lane, List<AcceptedEvent>> lanes = new LinkedHashMap<>();

	private final Map<String, AcceptedEvent> byIdentifier = new HashMap<>();

	private long count;

	/** One customer's use of one meter. */
	record Lane(String customer, String meter) {
	}

	long nextOrder() {
		return this.count + 1;
	}

	boolean isFull() {
		return this.count >= EVENTS_MAX;
	}

	/** The event that holds this identifier now, if one does. */
	@Nullable AcceptedEvent holder(String identifier, Instant now) {
		AcceptedEvent event = this.byIdentifier.get(identifier);
		return (event != null && event.receivedAt().plus(IDENTIFIER_LIFE).isAfter(now)) ? event : null;
	}

	void add(AcceptedEvent event) {
		this.count++;
		this.lanes.computeIfAbsent(new Lane(event.customer(), event.meter()), (lane) -> new ArrayList<>()).add(event);
		this.byIdentifier.put(event.identifier(), event);
	}

	void cancel(String identifier) {
		AcceptedEvent event = this.byIdentifier.get(identifier);
		if (event != null) {
			AcceptedEvent cancelled = event.cancelled();
			this.byIdentifier.put(identifier, cancelled);
			of(event.customer(), event.meter())
				.replaceAll((other) -> (other.order() == event.order()) ? cancelled : other);
		}
	}

	/** The events of one customer and meter, oldest arrival first. */
	List<AcceptedEvent> of(String customer, String meter) {
		return this.lanes.getOrDefault(new Lane(customer, meter), List.of());
	}

	Collection<List<AcceptedEvent>> lanes() {
		return this.lanes.values();
	}

}
