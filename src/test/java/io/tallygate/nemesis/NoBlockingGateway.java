package io.tallygate.nemesis;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.tallygate.TallygateApplication;
import reactor.blockhound.BlockHound;

/**
 * The gateway under BlockHound, which prints where an event loop would block, each place
 * once, and lets it: an exception would hide what comes after it.
 */
public final class NoBlockingGateway {

	/** What it prints, with the call. */
	static final String BLOCKS = "An event loop blocks in ";

	private static final int PLACE_FRAMES = 12;

	private NoBlockingGateway() {
	}

	public static void main(String[] args) {
		Set<String> places = ConcurrentHashMap.newKeySet();
		BlockHound.install((builder) -> builder
			// Linux answers /dev/urandom at once, once it has booted.
			.allowBlockingCallsInside("java.security.SecureRandom", "nextBytes")
			// A lock that Lettuce's loops share for moments, while a connection is made
			// anew.
			.allowBlockingCallsInside("io.lettuce.core.protocol.SharedLock", "incrementWriters")
			.allowBlockingCallsInside("io.lettuce.core.protocol.SharedLock", "doExclusive")
			// A lock of moments, with which every pool of the JDK takes work over from a
			// loop.
			.allowBlockingCallsInside("java.util.concurrent.LinkedBlockingQueue", "offer")
			.blockingMethodCallback((method) -> {
				IllegalStateException here = new IllegalStateException(BLOCKS + method);
				if (places.add(place(here))) {
					here.printStackTrace();
				}
			}));
		TallygateApplication.main(args);
	}

	private static String place(Exception here) {
		StringBuilder place = new StringBuilder(here.getMessage());
		StackTraceElement[] frames = here.getStackTrace();
		for (int i = 0; i < Math.min(frames.length, PLACE_FRAMES); i++) {
			place.append('\n').append(frames[i]);
		}
		return place.toString();
	}

}
