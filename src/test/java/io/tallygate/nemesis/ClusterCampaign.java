package io.tallygate.nemesis;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

import io.tallygate.fault.Matrix;
import io.tallygate.support.Progress;
import io.tallygate.support.Results;
import org.junit.jupiter.api.Test;

/**
 * Two replicas and then three, behind a real nginx, on a PostgreSQL with a synchronous
 * standby and a Redis Cluster of six: {@code ./mvnw -Pcluster verify}. Revokes keys, uses
 * up caps, kills a replica, a Redis master and PostgreSQL, and restarts all replicas ten
 * times over with 500 streams open. {@code -Drolls}, {@code -Dstreams}, {@code -Drate}
 * (requests a second besides) and {@code -Dseed} are other numbers.
 */
class ClusterCampaign {

	@Test
	@Matrix({ 4, 25, 36, 70, 71, 72 })
	void runs() {
		int rolls = Integer.getInteger("rolls", 10);
		int streams = Integer.getInteger("streams", 500);
		int perSecond = Integer.getInteger("rate", 30);
		long seed = Long.getLong("seed", 72);
		long begun = System.nanoTime();
		Map<String, Object> figures = new LinkedHashMap<>();
		figures.put("streams", streams);
		figures.put("requests_per_second", perSecond);
		figures.put("seed", seed);
		try (Cluster cluster = new Cluster(Path.of("target", "nemesis", "cluster"), perSecond, streams, seed);
				Progress progress = new Progress("acts", 11)) {
			act(progress, "two replicas: keys are revoked", cluster::revoke);
			act(progress, "two replicas: caps are used up", cluster::useUpCaps);
			act(progress, "two replicas: one is killed (-9)", cluster::killOne);
			act(progress, "a Redis master is killed (-9), its replica elected", cluster::electRedis);
			act(progress, "two replicas: rolling restarts", () -> cluster.roll((rolls + 1) / 2));
			act(progress, "a third replica joins", cluster::join);
			act(progress, "three replicas: keys are revoked", cluster::revoke);
			act(progress, "three replicas: caps are used up", cluster::useUpCaps);
			act(progress, "three replicas: one is killed (-9)", cluster::killOne);
			act(progress, "three replicas: rolling restarts", () -> cluster.roll(rolls / 2));
			act(progress, "PostgreSQL is killed (-9), its standby promoted", cluster::promote);
			figures.putAll(cluster.end());
		}
		figures.put("seconds", (System.nanoTime() - begun) / 1_000_000_000);
		print(figures);
		Results.write("cluster", figures);
	}

	private static void act(Progress progress, String what, Runnable act) {
		long begun = System.nanoTime();
		progress.say(what);
		try {
			act.run();
		}
		catch (AssertionError | RuntimeException ex) {
			throw new AssertionError(what + ": " + ex.getMessage(), ex);
		}
		progress.say("  %.1f s".formatted((System.nanoTime() - begun) / 1e9));
		progress.step();
	}

	private static void print(Map<String, Object> figures) {
		figures.forEach((name, value) -> {
			if (value instanceof Iterable<?> several) {
				several.forEach((one) -> System.out.printf("%-34s %s%n", name.replace('_', ' '), one));
			}
			else {
				System.out.printf("%-34s %s%n", name.replace('_', ' '), value);
			}
		});
	}

}
