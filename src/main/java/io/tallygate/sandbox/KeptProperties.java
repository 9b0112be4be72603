package io.tallygate.sandbox;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Properties;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

/**
 * A properties file that only its owner reads, and that is whole after every change: it
 * is written beside and then moved into place.
 */
final class KeptProperties {

	private final Path file;

	private final String title;

	private final Properties values = new Properties();

	/** Those in {@code file}; none where there is no file yet. */
	KeptProperties(Path file, String title) {
		this.file = file;
		this.title = title;
		if (Files.exists(file)) {
			try (var reader = Files.newBufferedReader(file)) {
				this.values.load(reader);
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
	}

	synchronized @Nullable String get(String name) {
		return this.values.getProperty(name);
	}

	/** The value kept under {@code name}, made and kept where there is none. */
	synchronized String getOrKeep(String name, Supplier<String> made) {
		String value = this.values.getProperty(name);
		if (value != null) {
			return value;
		}
		String fresh = made.get();
		keep(name, fresh);
		return fresh;
	}

	/** Keeps {@code value}, on the disk when this returns. */
	synchronized void keep(String name, String value) {
		this.values.setProperty(name, value);
		write();
	}

	/** Forgets everything. */
	synchronized void clear() {
		this.values.clear();
		write();
	}

	private void write() {
		try {
			Path beside = this.file.resolveSibling(this.file.getFileName() + ".new");
			Files.deleteIfExists(beside);
			Files.createFile(beside, ownerOnly());
			StringWriter text = new StringWriter();
			this.values.store(text, this.title);
			try (Writer writer = Files.newBufferedWriter(beside, StandardOpenOption.WRITE, StandardOpenOption.SYNC)) {
				writer.write(text.toString());
			}
			Files.move(beside, this.file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static FileAttribute<?>[] ownerOnly() {
		Set<String> views = FileSystems.getDefault().supportedFileAttributeViews();
		return views.contains("posix")
				? new FileAttribute<?>[] {
						PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")) }
				: new FileAttribute<?>[0];
	}

}
