package io.tallygate.nemesis;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports of one run, none twice, below those that the system gives to others while nobody
 * listens.
 */
final class Ports {

	private final Set<Integer> given = new HashSet<>();

	int next() {
		return next(32_000);
	}

	/**
	 * One whose bus, ten thousand above, is below what the system gives to others too.
	 */
	int nextWithBus() {
		return next(21_000);
	}

	private int next(int below) {
		for (int attempt = 0; attempt < 1000; attempt++) {
			int port = ThreadLocalRandom.current().nextInt(10_500, below);
			if (!this.given.contains(port) && isFree(port) && this.given.add(port)) {
				return port;
			}
		}
		throw new IllegalStateException("No free port found");
	}

	private static boolean isFree(int port) {
		try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("0.0.0.0"))) {
			return socket.isBound();
		}
		catch (IOException ex) {
			return false;
		}
	}

}
