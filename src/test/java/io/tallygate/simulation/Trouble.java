package io.tallygate.simulation;

import java.util.Random;
import java.util.Set;

/** What goes wrong beside lost and late calls. Each alone loses nothing. */
enum Trouble {

	/** A third of all calls to the stores is lost, late, or not answered. */
	NETWORK,
	/** Redis forgets everything. */
	REDIS_FORGETS,
	/** Redis fails over to a replica that lagged. */
	REDIS_FAILS_OVER,
	/** Redis does not answer for a while. */
	REDIS_AWAY,
	/** PostgreSQL does not answer for a while. */
	POSTGRES_AWAY,
	/** PostgreSQL fails over to a standby that lagged. */
	POSTGRES_ROLLS_BACK,
	/** Processes are killed. */
	DEATHS,
	/** Processes stand still, and go on. */
	FREEZES,
	/** Stripe does not answer for up to a day and a half. */
	STRIPE_AWAY,
	/** Stripe refuses the agency's key for a while. */
	KEY_REVOKED,
	/** The clocks of processes are wrong, and everybody stands still for hours. */
	CLOCKS;

	/** None, one or two kinds, as the seed will have it. */
	static Set<Trouble> of(long seed) {
		Random random = new Random(~seed);
		Trouble one = values()[random.nextInt(values().length)];
		Trouble other = values()[random.nextInt(values().length)];
		return switch (random.nextInt(10)) {
			case 0 -> Set.of();
			case 1, 2, 3 -> (one == other) ? Set.of(one) : Set.of(one, other);
			default -> Set.of(one);
		};
	}

}
