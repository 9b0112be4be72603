package io.tallygate.packaging;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * A command that judges a file better than a test could, and is not on every machine.
 * Where it is missing, what it would have checked is left out and said so.
 *
 * @param name of the command
 */
record Tool(String name) {

	private static final int SECONDS_MAX = 30;

	private record Ran(int exitCode, String text) {
	}

	/** Whether it is on this machine, and can do this. */
	boolean can(String... arguments) {
		try {
			return run(arguments).exitCode() == 0;
		}
		catch (IOException ex) {
			return false;
		}
	}

	/** Leaves the test out, visibly, where it is not on this machine. */
	Tool orLeaveOut(String what, String... trial) {
		boolean isHere = can(trial);
		if (!isHere) {
			System.out.println("NOT CHECKED: there is no " + this.name + " on this machine, so " + what);
		}
		assumeTrue(isHere, () -> "There is no " + this.name + ": " + what);
		return this;
	}

	/** What it prints when all is well. */
	String prints(String... arguments) {
		try {
			Ran ran = run(arguments);
			assertThat(ran.exitCode()).as("%s %s\n%s", this.name, String.join(" ", arguments), ran.text()).isZero();
			return ran.text();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private Ran run(String... arguments) throws IOException {
		List<String> command = new ArrayList<>(List.of(this.name));
		command.addAll(List.of(arguments));
		Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
		String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		try {
			if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
				process.destroyForcibly();
				throw new IOException(this.name + " did not end within " + SECONDS_MAX + " s");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
		return new Ran(process.exitValue(), text);
	}

}
