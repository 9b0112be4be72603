package io.tallygate.simulation;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/**
 * One schedule to be run: by its seed and the mistake planted in it, if any.
 *
 * @param seed decides everything
 * @param troubles what may go wrong beside lost and late calls
 * @param bug the mistake
 */
record Schedule(long seed, Set<Trouble> troubles, Bug bug) {

	private static final int STEPS_MIN = 40;

	private static final int STEPS_MORE_MAX = 80;

	/** The code as it is. */
	static Schedule of(long seed) {
		return new Schedule(seed, Trouble.of(seed), Bug.NONE);
	}

	/** With a mistake, amid the troubles that bring it to light soonest. */
	static Schedule of(long seed, Bug bug) {
		return new Schedule(seed, bug.provokedBy(), bug);
	}

	/** What was found to be wrong, if anything was. */
	Optional<String> fault() {
		try {
			new World(this.seed, this.troubles, this.bug).run(STEPS_MIN + Math.floorMod(this.seed, STEPS_MORE_MAX));
			return Optional.empty();
		}
		catch (AssertionError | RuntimeException ex) {
			return Optional.of("Seed " + this.seed + " " + this.troubles + ": " + ex.getMessage());
		}
	}

	/**
	 * What the gateway says of each simulated trouble would fill disks, and so would what
	 * Reactor says of a fault that is found in a callback.
	 */
	static void quietly(Runnable work) {
		Map<Logger, Level> before = new HashMap<>();
		for (String name : List.of("io.tallygate", "reactor.core.publisher.Operators")) {
			Logger logger = (Logger) LoggerFactory.getLogger(name);
			before.put(logger, logger.getLevel());
			logger.setLevel(Level.OFF);
		}
		try {
			work.run();
		}
		finally {
			before.forEach(Logger::setLevel);
		}
	}

}
