package io.tallygate.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** What a run was made on. */
final class Machine {

	private static final Path CPUS = Path.of("/proc/cpuinfo");

	private Machine() {
	}

	static Map<String, String> describe() {
		Map<String, String> machine = new TreeMap<>();
		machine.put("processor", processor());
		machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
		machine.put("java", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
		machine.put("places", Child.places());
		return machine;
	}

	private static String processor() {
		try {
			return Files.readAllLines(CPUS)
				.stream()
				.filter((line) -> line.startsWith("model name"))
				.map((line) -> line.substring(line.indexOf(':') + 1).strip())
				.findFirst()
				.orElse(System.getProperty("os.arch"));
		}
		catch (IOException ex) {
			return System.getProperty("os.arch");
		}
	}

}
