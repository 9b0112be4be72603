package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * CPU time, as Linux counts it: in hundredths of a second, threads that ended included.
 */
final class Cpu {

	private static final double MICROS_A_TICK = 10_000;

	private static final Pattern COMPILER = Pattern.compile("\\(C[12] Compiler");

	private static final int IDLE = 4;

	private static final int WAITS_FOR_DISK = 5;

	private static final int GUEST = 9;

	private Cpu() {
	}

	/** Microseconds that these processes and their children have used. */
	static double micros(Collection<Long> processes) {
		return processes.stream().mapToDouble(Cpu::micros).sum();
	}

	/** Microseconds that a process and its children have used; 0 of none. */
	static double micros(long process) {
		return ProcessHandle.of(process)
			.map((root) -> Stream.concat(Stream.of(root), root.descendants())
				.mapToLong((each) -> ticks(each.pid()))
				.sum() * MICROS_A_TICK)
			.orElse(0.0);
	}

	/** Microseconds that the compilers of a JVM have used. */
	static double microsOfCompilers(long process) {
		Path threads = Path.of("/proc", Long.toString(process), "task");
		if (!Files.isDirectory(threads)) {
			return 0;
		}
		try (Stream<Path> all = Files.list(threads)) {
			return all.map((thread) -> read(thread.resolve("stat")))
				.filter((stat) -> COMPILER.matcher(stat).find())
				.mapToLong((stat) -> ticks(stat, 13))
				.sum() * MICROS_A_TICK;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Microseconds that anything on this machine has used, over all cores. */
	static double microsOfAll() {
		String[] counts = read(Path.of("/proc/stat")).lines().findFirst().orElseThrow().trim().split("\\s+", -1);
		return LongStream.range(1, Math.min(counts.length, GUEST))
			.filter((i) -> i != IDLE && i != WAITS_FOR_DISK)
			.map((i) -> Long.parseLong(counts[(int) i]))
			.sum() * MICROS_A_TICK;
	}

	/** User and system time, of children that ended too. */
	private static long ticks(long process) {
		return ticks(read(Path.of("/proc", Long.toString(process), "stat")), 15);
	}

	/** A name may hold blanks, and ends with a bracket. */
	private static long ticks(String stat, int end) {
		if (stat.isEmpty()) {
			return 0;
		}
		String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
		return Arrays.stream(fields, 11, end).mapToLong(Long::parseLong).sum();
	}

	private static String read(Path file) {
		try {
			return Files.readString(file);
		}
		catch (NoSuchFileException ex) {
			return "";
		}
		catch (IOException ex) {
			if (!Files.exists(file)) {
				return "";
			}
			throw new UncheckedIOException(ex);
		}
	}

}
