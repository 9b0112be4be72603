package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.postgresql.ds.PGSimpleDataSource;

/**
 * A server in the background, one that a gateway runs beside itself for instance, found
 * by its process file, which a test may freeze, kill and start again.
 */
public final class GatewayServer {

	/** Of PostgreSQL's process file. */
	private static final int PORT_LINE = 3;

	private final Path processFile;

	private List<String> command = List.of();

	/** The one that this file names, now and after each start. */
	public GatewayServer(Path processFile) {
		this.processFile = processFile;
	}

	/** What it forked. */
	public Stream<ProcessHandle> children() {
		return process().stream().flatMap(ProcessHandle::children);
	}

	/** Its process id while it lives. */
	public Optional<Long> pid() {
		return process().map(ProcessHandle::pid);
	}

	/** Stops answering, with all its connections open. */
	public void freeze() {
		signal("STOP", family());
	}

	/** Answers again. */
	public void thaw() {
		signal("CONT", family());
	}

	/** Asks it to end at once but in order, as PostgreSQL understands SIGINT. */
	public void interrupt() {
		signal("INT", process().map(ProcessHandle::pid).stream().toList());
		Wait.until("end of " + this.processFile, 30, () -> process().isEmpty());
	}

	/** kill -9, of everything that it forked too. */
	public void kill() {
		process().ifPresent((process) -> {
			remember(process);
			List<ProcessHandle> forked = process.descendants().toList();
			process.destroyForcibly();
			forked.forEach(ProcessHandle::destroyForcibly);
			Wait.until("end of " + this.processFile, 10, () -> !process.isAlive());
		});
	}

	/** Starts one that ended as it was started, on the data that it left. */
	public void restart() {
		Path options = this.processFile.resolveSibling("postmaster.opts");
		try {
			Files.deleteIfExists(this.processFile);
			new ProcessBuilder(Files.exists(options) ? postgres(Files.readString(options)) : this.command)
				.directory(this.processFile.getParent().toFile())
				.redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Copies the data that a killed one left, as a backup would have it. */
	public Path copy() {
		Path data = this.processFile.getParent();
		Path copy = data.resolveSibling(data.getFileName() + "-copy");
		run("cp", "-a", data.toString(), copy.toString());
		return copy;
	}

	/** Puts a copy in the place of the data that a killed one left. */
	public void restore(Path copy) {
		Path data = this.processFile.getParent();
		run("rm", "-r", data.toString());
		run("mv", copy.toString(), data.toString());
	}

	/** Runs one statement in the gateway's database as its owner; for PostgreSQL. */
	public void execute(String sql) {
		try (Connection connection = database().getConnection(); Statement statement = connection.createStatement()) {
			statement.execute(sql);
		}
		catch (SQLException ex) {
			throw new IllegalStateException(sql, ex);
		}
	}

	/** The one number that this query yields; for PostgreSQL. */
	public long number(String sql) {
		try (Connection connection = database().getConnection();
				Statement statement = connection.createStatement();
				ResultSet rows = statement.executeQuery(sql)) {
			rows.next();
			return rows.getLong(1);
		}
		catch (SQLException ex) {
			throw new IllegalStateException(sql, ex);
		}
	}

	private PGSimpleDataSource database() {
		PGSimpleDataSource database = new PGSimpleDataSource();
		database.setUser("postgres");
		database.setPassword("postgres");
		try {
			database
				.setPortNumbers(new int[] { Integer.parseInt(Files.readAllLines(this.processFile).get(PORT_LINE)) });
			return database;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void remember(ProcessHandle process) {
		this.command = List.of(process.info().command().orElseThrow(),
				this.processFile.resolveSibling("redis.conf").toString());
	}

	/**
	 * PostgreSQL writes its command line down, with the arguments in quotes. It does not
	 * run as root, who therefore becomes nobody, as at the first start.
	 */
	private static List<String> postgres(String line) {
		Stream<String> words = Stream.of(line.strip().split(" \"|\"")).filter((word) -> !word.isBlank());
		Stream<String> nobody = System.getProperty("user.name").equals("root") ? Stream.of("unshare", "-U")
				: Stream.of();
		return Stream.concat(nobody, words).toList();
	}

	private Optional<ProcessHandle> process() {
		try {
			return Files.exists(this.processFile) ? Files.readAllLines(this.processFile)
				.stream()
				.findFirst()
				.flatMap((pid) -> ProcessHandle.of(Long.parseLong(pid.strip())))
				.filter(ProcessHandle::isAlive) : Optional.empty();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private List<Long> family() {
		return process().stream()
			.flatMap((process) -> Stream.concat(Stream.of(process), process.descendants()))
			.map(ProcessHandle::pid)
			.toList();
	}

	/** Sends a signal to all of these. */
	static void signal(String name, List<Long> pids) {
		if (pids.isEmpty()) {
			return;
		}
		run(Stream.concat(Stream.of("kill", "-" + name), pids.stream().map((pid) -> Long.toString(pid)))
			.toArray(String[]::new));
	}

	private static void run(String... command) {
		try {
			if (!new ProcessBuilder(command).inheritIO().start().waitFor(30, TimeUnit.SECONDS)) {
				throw new IllegalStateException("No end of " + List.of(command));
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
