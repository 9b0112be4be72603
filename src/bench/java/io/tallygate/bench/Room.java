package io.tallygate.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a gateway's CPU goes to. A sampled stack belongs to the room of its innermost
 * frame that has one: what a driver's answer sets off is not the driver's.
 */
enum Room {

	/** The JVM itself. */
	JVM("compiler, collector", "CompileBroker::|VMThread::|WorkerThread::run|GangWorker::"),
	/** The caller's connection: HTTP on Netty. */
	SERVER("the caller's HTTP", "reactor/netty/http/server/|io/netty/handler/codec/http/Http(ServerCodec|Request)"),
	/** The provider's connection and its pool. */
	CLIENT("the provider's HTTP",
			"reactor/netty/(http/client|resources|internal/shaded/reactor/pool)/|io/tallygate/relay/ProviderCall"
					+ "|io/netty/handler/codec/http/Http(ClientCodec|Response)"),
	/** Redis's driver. */
	REDIS("Redis's driver", "io/lettuce/"),
	/** PostgreSQL's driver and transactions. */
	POSTGRES("PostgreSQL's driver", "io/r2dbc/|org/springframework/(r2dbc|transaction)/"),
	/** Cutting meter events and sending them. */
	DELIVERY("meter events",
			"io/tallygate/(outbox|stripe|billing)/|com/stripe/|java/net/http/|jdk/internal/net/http/|sun/net/www/"),
	/** Marks, entries and batches. */
	COUNTING("counting", "io/tallygate/(metering|core)/"),
	/** From route to answer: Tallygate's own code, or Spring's. */
	RELAY("routing, relaying", "io/tallygate/|org/springframework/"),
	/** Netty below all of them. */
	LOOPS("event loops, the rest", "(?!)");

	private final String title;

	private final Pattern frames;

	Room(String title, String frames) {
		this.title = title;
		this.frames = Pattern.compile(frames);
	}

	/** For people. */
	String title() {
		return this.title;
	}

	String key() {
		return name().toLowerCase(Locale.ROOT);
	}

	/** The room of a stack, whose frames are given from the outermost. */
	static Room of(String[] stack) {
		if (Arrays.stream(stack).anyMatch(JVM::has)) {
			return JVM;
		}
		for (int i = stack.length - 1; i >= 0; i--) {
			for (Room room : values()) {
				if (room.has(stack[i])) {
					return room;
				}
			}
		}
		return LOOPS;
	}

	private boolean has(String frame) {
		return this.frames.matcher(frame).lookingAt();
	}

}
