package io.tallygate.nemesis;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.tallygate.support.GatewayClient;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.Wait;

/**
 * One gateway process, as production starts it, and its ways to everybody else.
 *
 * @param number of it, from 0
 * @param process that is killed and started again
 * @param toPostgres its way
 * @param toStripe its way
 * @param clock its own, where that can be set
 */
record Gateway(int number, GatewayProcess process, Way toPostgres, Way toStripe, Optional<WrongClock> clock) {

	private static final int START_SECONDS_MAX = 300;

	/**
	 * What brings a dead one's affairs to an end soon, so that many faults fit in a run.
	 */
	private static final Map<String, String> HASTE = Map.ofEntries(Map.entry("TALLYGATE_METERING_LEASE", "4s"),
			Map.entry("TALLYGATE_METERING_SWEEP_INTERVAL", "500ms"), Map.entry("TALLYGATE_METERING_MARK_GRACE", "5s"),
			Map.entry("TALLYGATE_METERING_EPOCH_CLOSE_INTERVAL", "2s"), Map.entry("TALLYGATE_OUTBOX_SCAN_EVERY", "1s"),
			Map.entry("TALLYGATE_OUTBOX_LEASE", "5s"), Map.entry("TALLYGATE_OUTBOX_CALL_TIMEOUT", "4s"),
			Map.entry("TALLYGATE_STRIPE_READ_TIMEOUT", "2s"), Map.entry("TALLYGATE_STRIPE_CONNECT_TIMEOUT", "2s"),
			Map.entry("TALLYGATE_RELAY_CONNECT_TIMEOUT", "2s"), Map.entry("TALLYGATE_SHUTDOWN_GRACE", "8s"));

	/** One that is not started yet. */
	static Gateway of(int number, Path directory, Way toPostgres, Way toStripe, Optional<WrongClock> clock,
			Map<String, String> settings) {
		GatewayProcess process = GatewayProcess.fresh()
			.printingTo(directory.resolve("gateway-" + (number + 1) + ".log"));
		HASTE.forEach(process::with);
		settings.forEach(process::with);
		process
			.with("SPRING_R2DBC_URL",
					"r2dbc:postgresql://127.0.0.1:" + toPostgres.port() + "/" + PostgresServer.DATABASE)
			.with("SPRING_R2DBC_USERNAME", PostgresServer.USER)
			.with("SPRING_R2DBC_PASSWORD", PostgresServer.USER)
			.with("TALLYGATE_STRIPE_API_BASE", "http://127.0.0.1:" + toStripe.port())
			.with("TALLYGATE_SANDBOX", "false")
			.with("TALLYGATE_PROVIDER_HOSTS_PRIVATE", "true");
		clock.ifPresent((wrong) -> wrong.settings().forEach(process::with));
		return new Gateway(number, process, toPostgres, toStripe, clock);
	}

	/** The same, which is of this version when it is started next. */
	Gateway as(Version version) {
		this.process.from(version.classPath());
		return this;
	}

	/**
	 * The same under BlockHound and Netty's detector of leaks, whose lines the audit
	 * looks for, and with a JVM that counts its memory.
	 */
	Gateway watched() {
		this.process.by(NoBlockingGateway.class)
			.set("io.netty.leakDetection.level", "advanced")
			.with("JDK_JAVA_OPTIONS", Vitals.JVM_OPTIONS);
		return this;
	}

	/** Starts it and waits until it takes requests. */
	void start() {
		this.process.launch();
		awaitReady();
	}

	/** SIGTERM; one that loses nothing ends with 0. */
	void stop() {
		int code = this.process.sigterm();
		if (code != 0) {
			throw new AssertionError(name() + " ended with " + code + " after SIGTERM: see its log");
		}
	}

	/** As people call it. */
	String name() {
		return "gateway " + (this.number + 1);
	}

	void awaitReady() {
		Wait.until("readiness of gateway " + (this.number + 1), START_SECONDS_MAX, this::isReady);
	}

	/** Whether it takes requests; one that ended instead of starting is a failure. */
	boolean isReady() {
		if (!this.process.isAlive()) {
			throw new AssertionError("Gateway " + (this.number + 1) + " ended instead of starting: see its log");
		}
		return management().status("/actuator/health/readiness") == 200;
	}

	/** Whether it has all its stores and holds nothing back. */
	boolean isWell() {
		GatewayClient management = management();
		if (management.status("/actuator/health/readiness") != 200) {
			return false;
		}
		Matcher away = Pattern.compile("^tallygate_metering_redis_away(?:\\{.*})? (\\S+)$", Pattern.MULTILINE)
			.matcher(management.text("/actuator/prometheus", ""));
		return away.find() && Double.parseDouble(away.group(1)) == 0;
	}

	private GatewayClient management() {
		return this.process.management();
	}

	/** Where apps find it. */
	int port() {
		return this.process.port();
	}

	List<Way> ways() {
		return List.of(this.toPostgres, this.toStripe);
	}

}
