package io.tallygate.nemesis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.nemesis.Fault.Course;
import io.tallygate.support.Wait;

/**
 * Puts the load on, lets one thing after the other go wrong, puts each right again, and
 * waits until all that was asked before is where it belongs before the next: what is
 * found then was done by that fault and no other.
 */
final class Nemesis implements AutoCloseable {

	private static final int WARM_UP_MILLIS = 2000;

	private static final int BETWEEN_A_PAIR_MILLIS_MAX = 1500;

	private final Plan plan;

	private final Scene scene;

	private final Load load;

	private final Deaths deaths;

	private final Audit audit;

	private final Faults faults;

	private final Random random;

	private final Deque<Fault> ahead = new ArrayDeque<>();

	private final Map<String, Row> rows = new TreeMap<>();

	private int count;

	/**
	 * What is to be done.
	 *
	 * @param seed of what goes wrong, and of the load
	 * @param time in which faults are begun
	 * @param perSecond requests
	 * @param arePairs whether two things go wrong at a time
	 * @param isCluster whether Redis is one
	 * @param logs where gateways print to
	 * @param sparesGateways whether nothing is done that ends a gateway's process; then
	 * it is watched for what blocks and leaks
	 * @param calm between the end of one fault and the next
	 */
	record Plan(long seed, Duration time, int perSecond, boolean arePairs, boolean isCluster, Path logs,
			boolean sparesGateways, Duration calm) {

		Plan(long seed, Duration time, int perSecond, boolean arePairs, boolean isCluster, Path logs) {
			this(seed, time, perSecond, arePairs, isCluster, logs, false, Duration.ZERO);
		}

		/** The same with the same two gateways from beginning to end. */
		Plan sparingGateways(Duration calm) {
			return new Plan(this.seed, this.time, this.perSecond, this.arePairs, this.isCluster, this.logs, true, calm);
		}

	}

	/**
	 * A kind of fault in the table.
	 *
	 * @param times that it happened
	 * @param millis from its beginning until all was where it belongs, in all
	 * @param millisMax the longest of these
	 */
	record Row(int times, long millis, long millisMax) {

		Row and(long millis) {
			return new Row(this.times + 1, this.millis + millis, Math.max(this.millisMax, millis));
		}

	}

	/** Hears of progress. */
	@FunctionalInterface
	interface Listener {

		void say(String line);

		/** Nothing is wrong from now on, or no longer so. */
		default void calm(boolean isCalm) {
		}

	}

	/** Starts everybody. */
	Nemesis(Plan plan) {
		this.plan = plan;
		this.random = new Random(plan.seed());
		Load[] told = new Load[1];
		this.scene = new Scene(plan.logs(), Cast.of(plan.isCluster(), Version.THIS).watched(plan.sparesGateways()),
				plan.seed(), (answer) -> told[0].told(answer));
		this.load = Load.on(this.scene, this.scene.customers(), plan.perSecond(), plan.seed());
		told[0] = this.load;
		this.deaths = new Deaths(this.scene);
		this.audit = new Audit(this.scene, this.load, this.deaths, plan.arePairs());
		this.faults = new Faults(this.scene, this.load, this.deaths);
	}

	/** Lets it happen; fails as soon as something is not as it must be. */
	Outcome run(Listener listener) {
		long begun = System.nanoTime();
		long end = begun + this.plan.time().toNanos();
		this.load.start();
		Wait.pause(WARM_UP_MILLIS);
		while (System.nanoTime() < end) {
			one(listener);
			if (!this.plan.calm().isZero()) {
				listener.calm(true);
				Wait.pause(this.plan.calm().toMillis());
				listener.calm(false);
			}
		}
		this.load.stop();
		Audit.Sums sums = this.audit.end();
		return new Outcome(this.plan, Duration.ofNanos(System.nanoTime() - begun), this.count, this.rows, sums,
				this.load.attempts(), this.load.complete(), this.load.retries(), this.load.errors(),
				this.audit.endings(), this.deaths.count(), this.deaths.underWay(), this.audit.lost());
	}

	private void one(Listener listener) {
		List<Fault> now = this.plan.arePairs() ? pair() : List.of(next());
		List<Course> courses = now.stream().map((fault) -> fault.making().course(this.random)).toList();
		String name = now.stream().map(Fault::name).collect(Collectors.joining(" + "));
		String details = courses.stream().map(Course::detail).filter((detail) -> !detail.isEmpty()).toList().toString();
		this.count++;
		listener.say("%d. %s %s".formatted(this.count, name, details));
		long begun = System.nanoTime();
		try {
			for (Course course : courses) {
				course.begin().run();
				if (courses.size() > 1) {
					Wait.pause(this.random.nextInt(BETWEEN_A_PAIR_MILLIS_MAX));
				}
			}
			Wait.pause(courses.stream().mapToLong((course) -> course.lasts().toMillis()).max().orElse(0));
			courses.forEach((course) -> course.heal().run());
			this.audit.rest();
		}
		catch (AssertionError | RuntimeException ex) {
			throw new AssertionError("Seed " + this.plan.seed() + ", fault " + this.count + " (" + name + " " + details
					+ "): " + ex.getMessage(), ex);
		}
		long millis = Duration.ofNanos(System.nanoTime() - begun).toMillis();
		now.forEach(
				(fault) -> this.rows.merge(fault.name(), new Row(1, millis, millis), (row, one) -> row.and(millis)));
	}

	private Fault next() {
		if (this.ahead.isEmpty()) {
			this.faults.round(this.random)
				.stream()
				.filter((fault) -> !fault.endsAGateway() || !this.plan.sparesGateways())
				.forEach(this.ahead::add);
		}
		return this.ahead.poll();
	}

	/** Two of different places, in the order in which they can be put right. */
	private List<Fault> pair() {
		Fault one = next();
		while (one.isAlone()) {
			one = next();
		}
		Fault other = next();
		while (other.isAlone() || other.place() == one.place()) {
			other = next();
		}
		return Stream.of(one, other).sorted(Comparator.comparing(Fault::place)).toList();
	}

	Scene scene() {
		return this.scene;
	}

	@Override
	public void close() {
		this.load.close();
		this.scene.close();
	}

}
