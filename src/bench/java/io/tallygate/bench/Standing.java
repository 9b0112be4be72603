package io.tallygate.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Starts what {@link Bench} compares, in front of a provider that runs already, and leaves
 * it there for a load tool of another kind. Each target is a line: its name, process,
 * address and key, with tabs between them. Nothing is warmed up.
 */
final class Standing {

	private Standing() {
	}

	/** Runs until it is stopped, and everything with it. */
	public static void main(String[] args) throws InterruptedException {
		Options options = Options.ofSystem();
		int provider = Integer.getInteger("provider", 0);
		if (provider < 1) {
			throw new IllegalArgumentException("-Dprovider must be the port of a provider on this machine but was "
					+ System.getProperty("provider", "not there"));
		}
		Child.stepAside();
		Child stripe = Peers.startStripe();
		Stores stores = Stores.start();
		List<Target> targets = new ArrayList<>();
		Peers.nginx().ifPresent((command) -> {
			Child nginx = Peers.startNginx(command, provider);
			targets.add(Target.of(Target.NGINX, nginx.port(), nginx.pid()));
		});
		targets.add(Target.ofJvm(Target.PLAIN, Peers.startPlain(options, provider), List.of(), List.of()));
		targets.add(Installation.start(Target.TALLYGATE, options, stores, provider, stripe, Map.of(), null).target());
		targets.add(Installation
			.start(Target.UNMETERED, options, stores, provider, stripe,
					Map.of("SPRING_MAIN_SOURCES", MeteringOff.class.getName()), Installation.alone(MeteringOff.class))
			.target());
		targets.forEach((target) -> System.out.printf("%s\t%d\thttp://127.0.0.1:%d\t%s%n", target.name(),
				target.process(), target.port(), target.key()));
		System.out.println("All is running. Ctrl-C ends it.");
		Thread.currentThread().join();
	}

}
