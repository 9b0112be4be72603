package io.tallygate.nemesis;

import java.time.Duration;
import java.util.Random;

/**
 * Something that can go wrong.
 *
 * @param name of it in the table
 * @param place where it does
 * @param isAlone whether it needs everybody else
 * @param making how it goes wrong this time, by chance
 */
record Fault(String name, Place place, boolean isAlone, Making making) {

	/** Nothing to put right. */
	static final Runnable HEALS_ITSELF = () -> {
	};

	/** Two that go wrong at once do it at different places, put right in this order. */
	enum Place {

		POSTGRES, REDIS, PROVIDER, GATEWAYS, STRIPE

	}

	/** Whether a gateway's process is another after it, or its clock another. */
	boolean endsAGateway() {
		return this.place == Place.GATEWAYS && !this.name.equals(Faults.GATEWAY_FROZEN);
	}

	/** Decides the details. */
	@FunctionalInterface
	interface Making {

		Course course(Random random);

	}

	/**
	 * How it goes this time.
	 *
	 * @param detail in words, "" when the name says it all
	 * @param lasts how long it is left alone
	 */
	record Course(String detail, Runnable begin, Duration lasts, Runnable heal) {
	}

}
