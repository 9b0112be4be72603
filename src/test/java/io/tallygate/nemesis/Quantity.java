package io.tallygate.nemesis;

/**
 * What of a gateway's process must stay level, and what passes for level. The bound of a
 * slope is such that a week of it does no harm; the grain is the smallest rise over a
 * whole run that tells anything, so that a short run does not fail for one allocation.
 */
enum Quantity {

	/**
	 * What a full collection leaves. A week of this slope is 84 MB, and -Xmx256m has over
	 * 150 MB more than a gateway needs under this load.
	 */
	LIVE_HEAP("live heap", "MB", 0.5, 3),
	/**
	 * Memory that was taken from the system for buffers, Netty's above all, whose
	 * allocator takes chunks of up to 4 MB and keeps them.
	 */
	DIRECT_MEMORY("direct memory", "MB", 1, 8),
	/** Classes and their metadata: one that is loaded is there for good. */
	METASPACE("metaspace", "MB", 0.5, 2),
	/**
	 * What the system gave, heap included, all of which is touched from the start. The C
	 * library's arenas grow by 64 MB at most, and seldom.
	 */
	RESIDENT("resident memory", "MB", 4, 16),
	/** Files, sockets and pipes; connections come and go by some dozens with the load. */
	DESCRIPTORS("descriptors", "", 3, 15), THREADS("threads", "", 1, 3), FROM_APPS("connections of apps", "", 3, 15),
	TO_PROVIDER("connections to the provider", "", 3, 15),
	/** Both pools are full of what they may hold at most times. */
	TO_POSTGRES("connections to PostgreSQL", "", 0.5, 2), TO_REDIS("connections to Redis", "", 0.5, 2),
	TO_STRIPE("connections to Stripe", "", 1, 5),
	/** Closed by the other side, and not by us: a socket that somebody has forgotten. */
	HALF_CLOSED("connections left half closed", "", 0.5, 2),
	/** Lines of /actuator/prometheus: a tag without a bound shows here. */
	METRICS("lines of metrics", "", 5, 30),
	EXCHANGES_OPEN("exchanges open", "", 2, 15, "tallygate_metering_exchanges_open"),
	ENTRIES_UNWRITTEN("entries not written", "", 2, 20, "tallygate_metering_entries_unwritten"),
	ENTRIES_PENDING("entries that Redis keeps", "", 5, 60, "tallygate_metering_entries_pending"),
	KEYS_HELD("channel keys held", "", 0.5, 2, "tallygate_directory_keys"),
	RUNNING("exchanges running", "", 2, 15, "tallygate_relay_running"),
	DRAINS("answers read for those who left", "", 1, 10, "tallygate_relay_drains"),
	BUFFERED("bytes of bodies held", "", 1000, 20_000, "tallygate_relay_buffered_bytes"),
	STRIPE_CALLS("calls to Stripe admitted", "", 1, 8, "tallygate_stripe_calls_admitted");

	private final String label;

	private final String unit;

	private final double perHourMax;

	private final double grain;

	private final String gauge;

	Quantity(String label, String unit, double perHourMax, double grain) {
		this(label, unit, perHourMax, grain, "");
	}

	Quantity(String label, String unit, double perHourMax, double grain, String gauge) {
		this.label = label;
		this.unit = unit;
		this.perHourMax = perHourMax;
		this.grain = grain;
		this.gauge = gauge;
	}

	/** As people call it. */
	String label() {
		return this.label;
	}

	/** Its unit, "" for a number of things. */
	String unit() {
		return this.unit;
	}

	/** The steepest rise that passes. */
	double perHourMax() {
		return this.perHourMax;
	}

	/** A rise over a whole run that tells nothing. */
	double grain() {
		return this.grain;
	}

	/** The metric that says it, "" when it is not the gateway that does. */
	String gauge() {
		return this.gauge;
	}

	boolean isTooMuch(Trend trend) {
		return trend.rises(this.perHourMax, this.grain);
	}

}
