package io.tallygate.support;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.TallygateApplication;
import org.jspecify.annotations.Nullable;

import org.springframework.util.FileSystemUtils;

/**
 * The whole gateway in a JVM of its own, as a person starts it: the sandbox on a data
 * directory, which a test may freeze, stop, kill and start again. Whatever became of it,
 * {@link #close()} leaves no process and no file behind, and neither does a test run that
 * is stopped.
 */
public final class GatewayProcess implements AutoCloseable {

	private static final Set<GatewayProcess> OPEN = ConcurrentHashMap.newKeySet();

	private static final String WELCOME_ENDS = "Every metered request shows below";

	private static final int START_SECONDS_MAX = 120;

	static {
		Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(GatewayProcess::close)));
	}

	private final Path directory;

	private final Map<String, String> environment = new LinkedHashMap<>();

	private final Map<String, String> properties = new LinkedHashMap<>();

	private final List<String> output = new CopyOnWriteArrayList<>();

	private final int port;

	private final int managementPort;

	private final int providerPort;

	private final int stripePort;

	private Path outputFile;

	private Class<?> main = TallygateApplication.class;

	private String classes;

	private Path jar;

	private Path archive;

	private Process process;

	private Thread reader;

	private GatewayProcess(Path directory) {
		this.directory = directory;
		this.port = freePort();
		this.managementPort = freePort();
		this.providerPort = freePort();
		this.stripePort = freePort();
	}

	/** One on a data directory that is not there yet; not started. */
	public static GatewayProcess fresh() {
		try {
			return new GatewayProcess(Files.createTempDirectory("tallygate-gateway").resolve("data"));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** With this in its environment. */
	public GatewayProcess with(String variable, String value) {
		this.environment.put(variable, value);
		return this;
	}

	/** With this system property; {@code null} takes it away again. */
	public GatewayProcess set(String property, String value) {
		if (value == null) {
			this.properties.remove(property);
		}
		else {
			this.properties.put(property, value);
		}
		return this;
	}

	/**
	 * Writes what it prints to the end of this file instead of keeping it here, for one
	 * that has much to say.
	 */
	public GatewayProcess printingTo(Path file) {
		this.outputFile = file;
		return this;
	}

	/**
	 * Started by this class, which finds these others, instead of by the application's.
	 */
	public GatewayProcess by(Class<?> main, Class<?>... others) {
		this.main = main;
		Path classes = this.directory.resolveSibling("classes");
		Stream.concat(Stream.of(main), Stream.of(others)).forEach((each) -> copy(each, classes));
		return this;
	}

	/** Started from this jar, as it is shipped, instead of from the classes. */
	public GatewayProcess from(Path jar) {
		this.jar = jar;
		return this;
	}

	/** Leaving an archive of its classes for others when it stops. */
	GatewayProcess leaving(Path archive) {
		this.archive = archive;
		return this;
	}

	/** Started from the classes of another version; {@code null} takes these again. */
	public GatewayProcess from(@Nullable String classPath) {
		this.classes = classPath;
		return this;
	}

	/** With all that is nested in it. */
	private static void copy(Class<?> type, Path classes) {
		try {
			Path folder = classes.resolve(type.getPackageName().replace('.', '/'));
			Files.createDirectories(folder);
			Path source = Path.of(type.getResource(type.getSimpleName() + ".class").toURI());
			try (Stream<Path> beside = Files.list(source.getParent())) {
				for (Path file : beside.filter((path) -> isPartOf(type, path)).toList()) {
					Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
				}
			}
		}
		catch (IOException | URISyntaxException ex) {
			throw new IllegalStateException("No class file of " + type, ex);
		}
	}

	private static boolean isPartOf(Class<?> type, Path file) {
		return file.getFileName().toString().matches(type.getSimpleName() + "(\\$.*)?\\.class");
	}

	/** Starts it and waits until it is ready and has said welcome. */
	public GatewayProcess start() {
		launch();
		await("welcome", (line) -> line.contains(WELCOME_ENDS), START_SECONDS_MAX);
		GatewayClient management = new GatewayClient(this.managementPort);
		Wait.until("readiness", START_SECONDS_MAX, () -> management.status("/actuator/health/readiness") == 200);
		return this;
	}

	/** Starts it and waits for nothing. */
	public GatewayProcess launch() {
		OPEN.add(this);
		this.output.clear();
		List<String> command = new ArrayList<>(
				List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
						"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dsun.net.http.retryPost=false"));
		if (this.archive != null) {
			command.add("-XX:ArchiveClassesAtExit=" + this.archive);
		}
		else if (this.jar == null && this.classes == null) {
			command.addAll(SharedClasses.options());
		}
		this.properties.forEach((name, value) -> command.add("-D" + name + "=" + value));
		command.addAll((this.jar != null) ? List.of("-jar", this.jar.toString())
				: List.of("-cp", classPath(), this.main.getName()));
		ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
		builder.environment()
			.keySet()
			.removeIf((name) -> name.startsWith("TALLYGATE_") || name.startsWith("SPRING_")
					|| name.endsWith("SERVER_PORT") || name.startsWith("JAVA_TOOL"));
		builder.environment()
			.putAll(Map.of("SERVER_PORT", Integer.toString(this.port), "MANAGEMENT_SERVER_PORT",
					Integer.toString(this.managementPort), "TALLYGATE_DATA_DIR", this.directory.toString(),
					"TALLYGATE_SANDBOX_PROVIDER_PORT", Integer.toString(this.providerPort),
					"TALLYGATE_SANDBOX_STRIPE_PORT", Integer.toString(this.stripePort)));
		builder.environment().putAll(this.environment);
		try {
			if (this.outputFile != null) {
				builder.redirectOutput(ProcessBuilder.Redirect.appendTo(this.outputFile.toFile()));
			}
			this.process = builder.start();
			this.reader = new Thread(this::read, "gateway-output");
			this.reader.setDaemon(true);
			this.reader.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return this;
	}

	/**
	 * Not the tests: the application would find the configurations among them. The
	 * application's classes out of their jar, where there is one.
	 */
	private String classPath() {
		if (this.classes != null) {
			return this.classes;
		}
		Stream<String> shipped = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> !Path.of(entry).endsWith("test-classes"))
			.map((entry) -> Path.of(entry).endsWith("classes") ? SharedClasses.jar().map(Path::toString).orElse(entry)
					: entry);
		Stream<String> ofTheTest = (this.archive != null) ? Stream.of()
				: Stream.of(this.directory.resolveSibling("classes").toString());
		return Stream.concat(shipped, ofTheTest).collect(Collectors.joining(File.pathSeparator));
	}

	private void read() {
		List<String> lines = this.output;
		try (BufferedReader out = new BufferedReader(
				new InputStreamReader(this.process.getInputStream(), StandardCharsets.UTF_8))) {
			out.lines().forEach(lines::add);
		}
		catch (IOException | UncheckedIOException ex) {
			lines.add("(output ended: " + ex.getMessage() + ")");
		}
	}

	/** Waits for a line of output, and gives it. */
	public String await(String what, Predicate<String> line, int secondsMax) {
		Wait.until(what + " of the gateway", secondsMax, () -> {
			if (this.output.stream().anyMatch(line)) {
				return true;
			}
			if (!this.process.isAlive()) {
				throw new IllegalStateException("The gateway ended with " + this.process.exitValue()
						+ " instead of saying its " + what + ":\n" + text());
			}
			return false;
		}, this::text);
		return this.output.stream().filter(line).findFirst().orElseThrow();
	}

	/** A second one with the same settings and directory, on ports of its own. */
	public GatewayProcess rival() {
		GatewayProcess rival = new GatewayProcess(this.directory);
		rival.environment.putAll(this.environment);
		rival.properties.putAll(this.properties);
		return rival;
	}

	/** Waits for its end and gives the exit code. */
	public int exitCode(int secondsMax) {
		try {
			if (!this.process.waitFor(secondsMax, TimeUnit.SECONDS)) {
				throw new AssertionError("The gateway did not end within " + secondsMax + " s:\n" + text());
			}
			this.reader.join(2000);
			return this.process.exitValue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	/** Asks it to stop, as Kubernetes does, and gives the exit code. */
	public int sigterm() {
		// Not Process.destroy(), which would close our end of its output too.
		this.process.toHandle().destroy();
		return exitCode(90);
	}

	/** No hook runs; its PostgreSQL and Redis live on. */
	public void kill9() {
		this.process.toHandle().destroyForcibly();
		exitCode(30);
	}

	/** Stands still, with all its connections open. */
	public void freeze() {
		GatewayServer.signal("STOP", List.of(this.process.pid()));
	}

	/** Goes on. */
	public void thaw() {
		GatewayServer.signal("CONT", List.of(this.process.pid()));
	}

	/** Its PostgreSQL. */
	public GatewayServer postgres() {
		return new GatewayServer(this.directory.resolve("postgres").resolve("postmaster.pid"));
	}

	/** Its Redis. */
	public GatewayServer redis() {
		return new GatewayServer(this.directory.resolve("redis").resolve("redis.pid"));
	}

	/** Where its Redis listens. */
	public int redisPort() {
		try {
			return Files.readAllLines(this.directory.resolve("redis").resolve("redis.conf"))
				.stream()
				.filter((line) -> line.startsWith("port "))
				.mapToInt((line) -> Integer.parseInt(line.substring(5).strip()))
				.findFirst()
				.orElseThrow();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Of its process, which runs. */
	public long pid() {
		return this.process.pid();
	}

	/** Of its data plane and admin API. */
	public int port() {
		return this.port;
	}

	/** Calls to its data plane and admin API. */
	public GatewayClient client() {
		return new GatewayClient(this.port);
	}

	/** Calls to its health and metrics. */
	public GatewayClient management() {
		return new GatewayClient(this.managementPort);
	}

	/** Calls to its fake provider. */
	public GatewayClient provider() {
		return new GatewayClient(this.providerPort);
	}

	/** Calls to its fake Stripe. */
	public GatewayClient stripe() {
		return new GatewayClient(this.stripePort);
	}

	public URI baseUrl() {
		return URI.create("http://localhost:" + this.port);
	}

	/** Where its fake provider listens. */
	public URI providerUrl() {
		return URI.create("http://localhost:" + this.providerPort);
	}

	/** Where its fake Stripe listens. */
	public URI stripeUrl() {
		return URI.create("http://localhost:" + this.stripePort);
	}

	public String platformToken() {
		return kept("secrets.properties", "platform-token");
	}

	/** Of the demo agency. */
	public String adminToken() {
		return kept("demo.properties", "agency.admin-token");
	}

	/** The id of a client of the demo, by its name in lower case with dashes. */
	public String clientId(String client) {
		return kept("demo.properties", "client." + client + ".id");
	}

	/** The channel key of a client of the demo. */
	public String channelKey(String client) {
		return kept("demo.properties", "client." + client + ".key");
	}

	private String kept(String file, String name) {
		Properties values = new Properties();
		try (var reader = Files.newBufferedReader(this.directory.resolve(file))) {
			values.load(reader);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return values.getProperty(name);
	}

	/** Its books, as its own fakes and admin API show them. */
	public Books books() {
		return new Books(this, provider(), stripe());
	}

	/** What it has printed since it was started last. */
	public List<String> output() {
		return List.copyOf(this.output);
	}

	/** What it has printed, in one piece. */
	public String text() {
		return String.join("\n", this.output);
	}

	public boolean isAlive() {
		return this.process != null && this.process.isAlive();
	}

	@Override
	public void close() {
		if (isAlive()) {
			kill9();
		}
		boolean isShared = OPEN.stream().anyMatch((other) -> other != this && other.directory.equals(this.directory));
		if (!isShared) {
			postgres().kill();
			redis().kill();
			try {
				FileSystemUtils.deleteRecursively(this.directory.getParent());
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
		OPEN.remove(this);
	}

	/** Below the ports that the system gives to others in the meantime. */
	private static int freePort() {
		for (int attempt = 0; attempt < 100; attempt++) {
			int port = ThreadLocalRandom.current().nextInt(12_000, 32_000);
			try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("0.0.0.0"))) {
				return socket.getLocalPort();
			}
			catch (IOException ex) {
				// Somebody's: the next.
			}
		}
		throw new IllegalStateException("No free port found");
	}

}
