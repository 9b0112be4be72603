package io.tallygate.sandbox.stripe;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.function.Consumer;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ObjectNode;

/**
 * The memory that survives: one line of JSON for each call that changed something, on the
 * disk before the call is answered. A last line that is not whole was never answered, so
 * it is dropped.
 */
final class Journal implements Closeable {

	static final String FILE_NAME = "journal.jsonl";

	private final FileChannel channel;

	private Journal(FileChannel channel) {
		this.channel = channel;
	}

	/** Opens the journal in {@code directory}, and replays what it holds. */
	static Journal open(Path directory, Consumer<ObjectNode> replay) throws IOException {
		Files.createDirectories(directory);
		Path file = directory.resolve(FILE_NAME);
		if (Files.notExists(file)) {
			create(file);
		}
		long whole = replay(file, replay);
		FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
		if (channel.size() > whole) {
			channel.truncate(whole);
		}
		channel.position(whole);
		return new Journal(channel);
	}

	/** It holds keys of the sandbox, so where it can be it is only ours to read. */
	private static void create(Path file) throws IOException {
		if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
			Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
		}
		else {
			Files.createFile(file);
		}
	}

	/** Replays whole lines, and says how many bytes they are. */
	private static long replay(Path file, Consumer<ObjectNode> replay) throws IOException {
		long size = Files.size(file);
		long read = 0;
		long whole = 0;
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
			for (int b = in.read(); b >= 0; b = in.read()) {
				read++;
				if (b != '\n') {
					line.write(b);
					continue;
				}
				try {
					replay.accept(Json.read(line.toByteArray()));
				}
				catch (JacksonException ex) {
					if (read == size) {
						return whole;
					}
					throw new IOException(file + " is damaged at byte " + whole + ": move it away to start afresh", ex);
				}
				line.reset();
				whole = read;
			}
		}
		return whole;
	}

	/** Writes the lines and waits until the disk has them. */
	void append(List<ObjectNode> lines) throws IOException {
		ByteArrayOutputStream out = new ByteArrayOutputStream();
		for (ObjectNode line : lines) {
			out.writeBytes(Json.bytes(line));
			out.write('\n');
		}
		ByteBuffer buffer = ByteBuffer.wrap(out.toByteArray());
		while (buffer.hasRemaining()) {
			this.channel.write(buffer);
		}
		this.channel.force(false);
	}

	@Override
	public void close() throws IOException {
		this.channel.close();
	}

}
