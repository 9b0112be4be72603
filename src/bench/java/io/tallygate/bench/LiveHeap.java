package io.tallygate.bench;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What is alive in a JVM after a full collection.
 *
 * @param bytes all of it
 * @param ofLibraries of that, objects by whose classes they are of
 */
record LiveHeap(double bytes, Map<Figure, Double> ofLibraries) {

	/** The first that fits a class says whose it is. */
	private static final List<Map.Entry<String, Figure>> LIBRARIES = List.of(
			Map.entry("io.tallygate.", Figure.HEAP_TALLYGATE), Map.entry("reactor.netty.", Figure.HEAP_REACTOR_NETTY),
			Map.entry("reactor.", Figure.HEAP_REACTOR), Map.entry("io.netty.", Figure.HEAP_NETTY),
			Map.entry("org.springframework.", Figure.HEAP_SPRING), Map.entry("", Figure.HEAP_JAVA));

	LiveHeap {
		ofLibraries = Map.copyOf(ofLibraries);
	}

	static LiveHeap of(long process) {
		return parse(Child.run(List.of(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
				Long.toString(process), "GC.class_histogram")));
	}

	/** Lines are a number, objects, bytes and a class, whose arrays begin with [L. */
	static LiveHeap parse(String histogram) {
		Map<Figure, Double> ofLibraries = new EnumMap<>(Figure.class);
		double[] total = new double[1];
		histogram.lines().map((line) -> line.trim().split("\\s+", -1)).forEach((words) -> {
			if (words[0].equals("Total")) {
				total[0] = Double.parseDouble(words[2]);
			}
			else if (words[0].endsWith(":") && words.length >= 4) {
				String type = words[3].replaceFirst("^\\[+L?", "");
				Figure figure = LIBRARIES.stream()
					.filter((library) -> type.startsWith(library.getKey()))
					.findFirst()
					.orElseThrow()
					.getValue();
				ofLibraries.merge(figure, Double.parseDouble(words[2]), Double::sum);
			}
		});
		return new LiveHeap(total[0], ofLibraries);
	}

	/** What has come since, for each of so many. */
	Map<Figure, Double> since(LiveHeap before, int each) {
		Map<Figure, Double> more = new EnumMap<>(Figure.class);
		more.put(Figure.HEAP, (this.bytes - before.bytes()) / each);
		this.ofLibraries.forEach((figure, now) -> more.put(figure,
				(now - before.ofLibraries().getOrDefault(figure, 0.0)) / each));
		return more;
	}

}
