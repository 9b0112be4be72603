package io.tallygate.nemesis;

import java.util.List;
import java.util.Random;

/**
 * A model that is asked, by the name that tells the fake provider what to do.
 *
 * @param name of it
 * @param tokens of its answers
 */
record Model(String name, int tokens) {

	/** Events of a stream besides its tokens: the role, the finish and the end. */
	private static final int EVENTS_AROUND = 3;

	private static final List<Model> WHOLE = List.of(of("t=25,d=0", 25), of("t=60,d=0", 60), of("t=9,d=40", 9));

	private static final List<Model> STREAMS = List.of(of("t=6,d=0", 6), of("t=9,d=0", 9), of("t=5,d=30", 5));

	/** Long enough for something to happen to them. */
	private static final List<Model> LONG_STREAMS = List.of(of("t=24,d=50", 24), of("t=12,d=150", 12));

	private static final List<Model> UNHAPPY = List.of(of("e=500", 0), of("e=429", 0), of("t=12,d=0,nousage", 12),
			of("t=12,d=10,x=5", 12));

	private static final Model HUGE = of("t=1500,d=0", 1500);

	private static Model of(String knobs, int tokens) {
		return new Model("fake:" + knobs, tokens);
	}

	/** One for this use, as chance will have it. */
	static Model any(Attempt.Use use, Random random) {
		if (use == Attempt.Use.SLOW) {
			return HUGE;
		}
		int dice = random.nextInt(100);
		if (dice < 4) {
			return pick(UNHAPPY, random);
		}
		if (use == Attempt.Use.WHOLE) {
			return pick(WHOLE, random);
		}
		return pick((use == Attempt.Use.HANG_UP || dice < 20) ? LONG_STREAMS : STREAMS, random);
	}

	/** A stream of so many tokens, each after a pause. */
	static Model stream(int tokens, int millis) {
		return of("t=" + tokens + ",d=" + millis, tokens);
	}

	private static Model pick(List<Model> models, Random random) {
		return models.get(random.nextInt(models.size()));
	}

	/** Events that a complete stream has for an app that did not ask for the usage. */
	int events() {
		return this.tokens + EVENTS_AROUND;
	}

}
