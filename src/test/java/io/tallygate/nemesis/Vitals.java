package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Takes the vitals of one gateway's process, from outside: what Linux says of it in
 * {@code /proc}, what it says itself at its management port, and what its JVM says to
 * {@code jcmd}, which costs it a full collection.
 */
final class Vitals {

	/**
	 * The JVM counts its memory only when it is told to, resident memory means something
	 * only when the heap does not grow within it, and BlockHound needs leave to come in.
	 */
	static final String JVM_OPTIONS = "-XX:NativeMemoryTracking=summary -Xms256m -XX:+AlwaysPreTouch "
			+ "-XX:+EnableDynamicAgentLoading -XX:+AllowRedefinitionToAddDeleteMethods";

	private static final double MEGABYTE = 1024 * 1024;

	private static final int JCMD_SECONDS_MAX = 60;

	/** Of {@code /proc/net/tcp}. */
	private static final String ESTABLISHED = "01";

	private static final String CLOSE_WAIT = "08";

	private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");

	private static final Pattern TOTAL = Pattern.compile("^Total +(\\d+) +(\\d+)", Pattern.MULTILINE);

	/** " 1: 12345 1234567 [B (java.base@17)". */
	private static final Pattern CLASS = Pattern.compile("^ *\\d+: +(\\d+) +(\\d+) +(\\S+)", Pattern.MULTILINE);

	private static final Pattern NATIVE = Pattern.compile("^- +(Other|Metaspace) \\(.*committed=(\\d+)KB\\)",
			Pattern.MULTILINE);

	private final Gateway gateway;

	private final long pid;

	private final Map<Integer, Quantity> peers = new HashMap<>();

	/**
	 * What the heap holds after a collection.
	 *
	 * @param bytes in all
	 * @param classes bytes of each
	 */
	record Heap(long bytes, Map<String, Long> classes) {
	}

	/**
	 * Of one that runs.
	 * @param redis the ports by which it finds Redis
	 * @param provider the port by which it finds the provider
	 */
	Vitals(Gateway gateway, List<Integer> redis, int provider) {
		this.gateway = gateway;
		this.pid = gateway.process().pid();
		redis.forEach((port) -> this.peers.put(port, Quantity.TO_REDIS));
		this.peers.put(provider, Quantity.TO_PROVIDER);
		this.peers.put(gateway.toPostgres().port(), Quantity.TO_POSTGRES);
		this.peers.put(gateway.toStripe().port(), Quantity.TO_STRIPE);
	}

	/** What can be had without disturbing it. */
	Map<Quantity, Double> light() {
		Map<Quantity, Double> values = new EnumMap<>(Quantity.class);
		try {
			for (String line : Files.readAllLines(Path.of("/proc", Long.toString(this.pid), "status"))) {
				String[] words = line.split("[:\\s]+");
				switch (words[0]) {
					case "VmRSS" -> values.put(Quantity.RESIDENT, Double.parseDouble(words[1]) / 1024);
					case "Threads" -> values.put(Quantity.THREADS, Double.parseDouble(words[1]));
				}
			}
			sockets(values);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		gauges(values);
		return values;
	}

	private void sockets(Map<Quantity, Double> values) throws IOException {
		Set<String> own = new HashSet<>();
		double descriptors = 0;
		try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(this.pid), "fd"))) {
			for (Path file : files.toList()) {
				descriptors++;
				Matcher socket = SOCKET.matcher(target(file));
				if (socket.matches()) {
					own.add(socket.group(1));
				}
			}
		}
		values.put(Quantity.DESCRIPTORS, descriptors);
		this.peers.values().forEach((peer) -> values.put(peer, 0.0));
		values.put(Quantity.FROM_APPS, 0.0);
		values.put(Quantity.HALF_CLOSED, 0.0);
		for (String table : List.of("tcp", "tcp6")) {
			Files.readAllLines(Path.of("/proc", Long.toString(this.pid), "net", table))
				.stream()
				.skip(1)
				.map((line) -> line.strip().split("\\s+"))
				.filter((row) -> own.contains(row[9]))
				.forEach((row) -> count(row, values));
		}
	}

	private void count(String[] row, Map<Quantity, Double> values) {
		Quantity peer = (port(row[1]) == this.gateway.port()) ? Quantity.FROM_APPS : this.peers.get(port(row[2]));
		if (row[3].equals(CLOSE_WAIT)) {
			values.merge(Quantity.HALF_CLOSED, 1.0, Double::sum);
		}
		if (peer != null && row[3].equals(ESTABLISHED)) {
			values.merge(peer, 1.0, Double::sum);
		}
	}

	private static int port(String address) {
		return Integer.parseInt(address.substring(address.indexOf(':') + 1), 16);
	}

	/** Where it leads, "" when it was closed meanwhile. */
	private static String target(Path descriptor) throws IOException {
		try {
			return Files.readSymbolicLink(descriptor).toString();
		}
		catch (NoSuchFileException ex) {
			return "";
		}
	}

	private void gauges(Map<Quantity, Double> values) {
		List<String> lines = this.gateway.process()
			.management()
			.text("/actuator/prometheus", "")
			.lines()
			.filter((line) -> !line.startsWith("#"))
			.toList();
		values.put(Quantity.METRICS, (double) lines.size());
		for (Quantity quantity : Quantity.values()) {
			lines.stream()
				.filter((line) -> !quantity.gauge().isEmpty() && line.matches(quantity.gauge() + "(\\{.*})? .*"))
				.mapToDouble((line) -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
				.forEach((value) -> values.merge(quantity, value, Double::sum));
		}
	}

	/** What the JVM took for itself and its buffers. */
	Map<Quantity, Double> memory() {
		Map<Quantity, Double> values = new EnumMap<>(Quantity.class);
		Matcher matcher = NATIVE.matcher(jcmd("VM.native_memory", "summary"));
		while (matcher.find()) {
			values.put(matcher.group(1).equals("Other") ? Quantity.DIRECT_MEMORY : Quantity.METASPACE,
					Double.parseDouble(matcher.group(2)) / 1024);
		}
		return values;
	}

	/** Collects garbage and looks at what is left. */
	Heap heap() {
		String histogram = jcmd("GC.class_histogram");
		Matcher total = TOTAL.matcher(histogram);
		if (!total.find()) {
			throw new IllegalStateException("No total in " + histogram);
		}
		Map<String, Long> classes = new HashMap<>();
		CLASS.matcher(histogram)
			.results()
			.forEach((row) -> classes.merge(row.group(3), Long.parseLong(row.group(2)), Long::sum));
		return new Heap(Long.parseLong(total.group(2)), classes);
	}

	static double megabytes(long bytes) {
		return bytes / MEGABYTE;
	}

	private String jcmd(String... command) {
		String program = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
		List<String> words = Stream.concat(Stream.of(program, Long.toString(this.pid)), Stream.of(command)).toList();
		try {
			Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
			String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
			if (!process.waitFor(JCMD_SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
				throw new IllegalStateException(words + " failed: " + said);
			}
			return said;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted", ex);
		}
	}

}
