package io.tallygate.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

import io.tallygate.core.StartRefused;
import org.jspecify.annotations.Nullable;

/**
 * Where the sandbox keeps everything, readable by its owner only, and held by one process
 * at a time.
 */
final class DataDirectory implements AutoCloseable {

	/** Past the process id in the file, so that others can read that. */
	private static final long LOCKED_BYTE = 1L << 20;

	private final Path path;

	private final FileChannel channel;

	private DataDirectory(Path path, FileChannel channel) {
		this.path = path;
		this.channel = channel;
	}

	/**
	 * Makes the directory where it is not there and holds it until {@link #close()}.
	 * @throws StartRefused if another process holds it, naming that
	 */
	static DataDirectory hold(Path directory) {
		Path path = directory.toAbsolutePath().normalize();
		try {
			ownerOnly(path);
			Path file = path.resolve("lock");
			FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
					StandardOpenOption.READ);
			if (lock(channel) == null) {
				channel.close();
				throw held(path, Files.readString(file).strip());
			}
			channel.truncate(0);
			channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
			return new DataDirectory(path, channel);
		}
		catch (IOException ex) {
			throw new StartRefused("The data directory " + path + " cannot be used: " + ex,
					"Give one that this user may write with TALLYGATE_DATA_DIR.");
		}
	}

	private static @Nullable FileLock lock(FileChannel channel) throws IOException {
		try {
			return channel.tryLock(LOCKED_BYTE, 1, false);
		}
		catch (OverlappingFileLockException ex) {
			return null;
		}
	}

	private static StartRefused held(Path path, String pid) {
		return new StartRefused("The sandbox in " + path + " is running already, as process " + pid + ".",
				"Stop it (kill " + pid + "), or give this one a directory and ports of its own: TALLYGATE_DATA_DIR,\n"
						+ "SERVER_PORT, MANAGEMENT_SERVER_PORT, TALLYGATE_SANDBOX_PROVIDER_PORT and"
						+ " TALLYGATE_SANDBOX_STRIPE_PORT.");
	}

	/** A directory or file in it. */
	Path resolve(String name) {
		return this.path.resolve(name);
	}

	/** A directory in it, made where it is not there. */
	Path directory(String name) {
		try {
			return ownerOnly(this.path.resolve(name));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static Path ownerOnly(Path directory) throws IOException {
		if (Files.isDirectory(directory)) {
			return directory;
		}
		return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
				? Files.createDirectories(directory,
						PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
				: Files.createDirectories(directory);
	}

	@Override
	public void close() {
		try {
			this.channel.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	public String toString() {
		return this.path.toString();
	}

}
