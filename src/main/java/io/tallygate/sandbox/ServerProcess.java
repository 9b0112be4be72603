package io.tallygate.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.tallygate.core.StartRefused;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process of an embedded server, found by its process file. The file may name a
 * process that has nothing to do with us by now, so only one whose command line lies in
 * our directory counts.
 *
 * @param name what it is, for people
 * @param process alive when it was found
 */
record ServerProcess(String name, ProcessHandle process) {

	private static final Logger logger = LoggerFactory.getLogger(ServerProcess.class);

	private static final Duration STOP_MAX = Duration.ofSeconds(15);

	/** The server that {@code processFile} names, if it is alive and ours. */
	static Optional<ServerProcess> of(String name, Path processFile, Path directory) {
		return pid(processFile).flatMap(ProcessHandle::of)
			.filter(ProcessHandle::isAlive)
			.filter((process) -> commandLine(process).contains(directory.toString()))
			.map((process) -> new ServerProcess(name, process));
	}

	private static Optional<Long> pid(Path processFile) {
		try {
			return Files.exists(processFile)
					? Files.readAllLines(processFile).stream().findFirst().map(String::strip).map(Long::valueOf)
					: Optional.empty();
		}
		catch (NumberFormatException ex) {
			return Optional.empty();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String commandLine(ProcessHandle process) {
		ProcessHandle.Info info = process.info();
		return info.commandLine().or(info::command).orElse("");
	}

	/** Stops it as {@link #stop} does, and says that a killed run had left it. */
	void stopLeftOver(String... signals) {
		logger.info("Stopping {} (process {}), left over from a run that was killed", this.name, this.process.pid());
		stop(signals);
	}

	/**
	 * Sends the first signal and waits for the end, then the next.
	 * @throws StartRefused if it outlives them all
	 */
	void stop(String... signals) {
		for (String signal : signals) {
			if (endedBy(signal)) {
				return;
			}
		}
		throw new StartRefused(this.name + " (process " + this.process.pid() + ") does not end.",
				"Stop it by hand: kill -9 " + this.process.pid());
	}

	private boolean endedBy(String signal) {
		try {
			new ProcessBuilder("kill", "-" + signal, Long.toString(this.process.pid())).start().waitFor();
			this.process.onExit().get(STOP_MAX.toMillis(), TimeUnit.MILLISECONDS);
			return true;
		}
		catch (TimeoutException ex) {
			return false;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
		catch (ExecutionException ex) {
			throw new IllegalStateException("Waiting for process " + this.process.pid(), ex);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
