package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A disk of a server's own, in memory, that can be full; where the machine lets us mount
 * none, just a directory.
 */
final class Disk implements AutoCloseable {

	private static final int FULL_ATTEMPTS = 1000;

	private final Path path;

	private final String size;

	private final boolean isMounted;

	/**
	 * Mounts one.
	 * @param path an empty directory
	 * @param size that it may grow to, as {@code mount} understands it
	 */
	Disk(Path path, String size) {
		this.path = path;
		this.size = size;
		this.isMounted = run("mount", "-t", "tmpfs", "-o", "size=" + size + ",mode=0700", "tallygate-nemesis",
				path.toString());
	}

	/** Whether it can be full. */
	boolean isMounted() {
		return this.isMounted;
	}

	/** Leaves no room: it is as large as what is on it. */
	void fill() {
		for (int attempt = 0; attempt < FULL_ATTEMPTS; attempt++) {
			// Something may have been written since it was measured.
			if (resize(usedKilobytes() + "k")) {
				return;
			}
		}
		throw new IllegalStateException(this.path + " cannot be made full");
	}

	/** As large as before. */
	void free() {
		resize(this.size);
	}

	private long usedKilobytes() {
		try {
			FileStore store = Files.getFileStore(this.path);
			return (store.getTotalSpace() - store.getUnallocatedSpace()) / 1024;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private boolean resize(String size) {
		return run("mount", "-o", "remount,size=" + size, this.path.toString());
	}

	private static boolean run(String... command) {
		try {
			Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
		}
		catch (IOException ex) {
			return false;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
	}

	@Override
	public void close() {
		if (this.isMounted && !run("umount", this.path.toString())) {
			run("umount", "-l", this.path.toString());
		}
	}

}
