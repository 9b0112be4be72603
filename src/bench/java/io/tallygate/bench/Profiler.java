package io.tallygate.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import one.profiler.AsyncProfiler;

/**
 * Samples what a JVM uses its CPU for, with async-profiler, out of its own artifact. Its
 * {@code ctimer} counts CPU time of each thread and needs no rights.
 */
final class Profiler {

	private static final String INTERVAL = "500us";

	private final Path library;

	private Profiler(Path library) {
		this.library = library;
	}

	/** Empty on a platform that the artifact has no library for. */
	static Optional<Profiler> here() {
		String system = System.getProperty("os.name").startsWith("Mac") ? "macos"
				: "linux-" + (System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64");
		try (InputStream library = AsyncProfiler.class
			.getResourceAsStream("/" + system + "/libasyncProfiler.so")) {
			if (library == null) {
				return Optional.empty();
			}
			Path file = Child.directory().resolve("libasyncProfiler.so").toAbsolutePath();
			Files.copy(library, file, StandardCopyOption.REPLACE_EXISTING);
			return Optional.of(new Profiler(file));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * What a process uses its CPU for while something runs.
	 * @return shares of one; the sampled stacks stay beside the bench's other files
	 */
	Map<Room, Double> during(long process, String name, Runnable what) {
		Path file = Child.directory().resolve(name + ".collapsed").toAbsolutePath();
		tell(process, "start,event=ctimer,interval=" + INTERVAL);
		try {
			what.run();
		}
		finally {
			tell(process, "stop,collapsed,file=" + file);
		}
		return shares(file);
	}

	private void tell(long process, String command) {
		try {
			VirtualMachine machine = VirtualMachine.attach(Long.toString(process));
			try {
				machine.loadAgentPath(this.library.toString(), command);
			}
			finally {
				machine.detach();
			}
		}
		catch (AttachNotSupportedException | AgentLoadException | AgentInitializationException ex) {
			throw new IllegalStateException("The profiler could not be told to " + command, ex);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** A line is a stack, a space and how often it was seen. */
	private static Map<Room, Double> shares(Path file) {
		Map<Room, Double> shares = new EnumMap<>(Room.class);
		try {
			double all = 0;
			for (String line : Files.readAllLines(file)) {
				int end = line.lastIndexOf(' ');
				double seen = Double.parseDouble(line.substring(end + 1));
				shares.merge(Room.of(line.substring(0, end).split(";", -1)), seen, Double::sum);
				all += seen;
			}
			double total = all;
			shares.replaceAll((room, seen) -> seen / total);
			return shares;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
