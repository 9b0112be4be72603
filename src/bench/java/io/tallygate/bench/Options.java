package io.tallygate.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * How long to measure what, from system properties.
 *
 * @param rounds in each of which every target meets every load, in turn
 * @param seconds of each measurement
 * @param warmup seconds at full load before the first, of each JVM
 * @param heap of each JVM under test
 * @param only loads, by their names; all if empty
 * @param streams how many open streams the plateaus have
 * @param check whether to compare with what was recorded
 * @param jar Tallygate, as it is shipped
 * @param before another build of it to measure beside this one, if any
 */
record Options(int rounds, int seconds, int warmup, String heap, List<String> only, List<Integer> streams,
		boolean check, Path jar, @Nullable Path before) {

	Options {
		only = List.copyOf(only);
		streams = List.copyOf(streams);
	}

	static Options ofSystem() {
		return new Options(Integer.getInteger("rounds", 5), Integer.getInteger("seconds", 8),
				Integer.getInteger("warmup", 60), System.getProperty("heap", "512m"), list("only", ""),
				list("streams", "1000,5000").stream().map(Integer::valueOf).toList(), Boolean.getBoolean("check"),
				Path.of(System.getProperty("jar", "target/tallygate-0.1.0-SNAPSHOT.jar")), otherBuild());
	}

	/** The same for another build. */
	Options of(Path otherJar) {
		return new Options(this.rounds, this.seconds, this.warmup, this.heap, this.only, this.streams, this.check,
				otherJar, null);
	}

	/** Whether this load is asked for. */
	boolean has(String load) {
		return this.only.isEmpty() || this.only.contains(load);
	}

	private static @Nullable Path otherBuild() {
		String jar = System.getProperty("before", "");
		return jar.isEmpty() ? null : Path.of(jar);
	}

	private static List<String> list(String property, String otherwise) {
		return Arrays.stream(System.getProperty(property, otherwise).split(","))
			.map(String::strip)
			.filter((each) -> !each.isEmpty())
			.toList();
	}

}
