package io.tallygate.sandbox;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import io.tallygate.client.Terms;
import io.tallygate.core.ClientId;
import io.tallygate.core.RequestId;
import io.tallygate.metering.MeteringListener;
import io.tallygate.metering.Outcome;
import io.tallygate.outbox.MeterEventRow;
import io.tallygate.outbox.OutboxListener;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ansi.AnsiColor;
import org.springframework.boot.ansi.AnsiElement;
import org.springframework.boot.ansi.AnsiOutput;

/**
 * The sandbox's terminal: a welcome, and from then on a line for each exchange and each
 * meter event. A thread of its own writes, so that a terminal that stands still holds up
 * no event loop; lines that it cannot take are left out.
 */
class SandboxConsole implements MeteringListener, OutboxListener, AutoCloseable {

	static final int NAME_LENGTH = 16;

	private static final int WAITING_LINES_MAX = 1000;

	private final PrintStream out;

	private final int width;

	private final ThreadPoolExecutor writer = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS,
			new ArrayBlockingQueue<>(WAITING_LINES_MAX), (work) -> {
				Thread thread = new Thread(work, "sandbox-console");
				thread.setDaemon(true);
				return thread;
			}, new ThreadPoolExecutor.DiscardPolicy());

	private final Map<String, String> names = new ConcurrentHashMap<>();

	private volatile boolean welcomed;

	SandboxConsole(PrintStream out, int width) {
		this.out = out;
		this.width = width;
	}

	/** From now on this client is shown by its name. */
	void named(String client, String name) {
		this.names.put(client, name);
	}

	/** Prints the welcome; what happened before it is not shown. */
	void welcome(Welcome welcome) {
		List<String> lines = welcome.lines();
		this.welcomed = true;
		this.writer.execute(() -> lines.forEach(this.out::println));
	}

	/** Prints one line that a person should read. */
	void say(String line, AnsiElement colour) {
		this.writer.execute(() -> this.out.println(AnsiOutput.toString(colour, line, AnsiColor.DEFAULT)));
	}

	@Override
	public void counted(RequestId request, Terms terms, Outcome.Status status, @Nullable Usage usage, long totalBefore,
			long totalAfter) {
		if (this.welcomed) {
			UsageLine line = new UsageLine(name(terms.client()), terms.policy(), status, usage, totalBefore,
					totalAfter);
			say("  " + line.text(this.width - 2), (line.unitsCompleted() > 0) ? AnsiColor.GREEN : AnsiColor.DEFAULT);
		}
	}

	@Override
	public void delivered(MeterEventRow row) {
		event("→ Stripe accepted meter event,", row, AnsiColor.CYAN);
	}

	@Override
	public void parked(MeterEventRow row) {
		event("✗ Parked meter event, a person has to look:", row, AnsiColor.RED);
	}

	private void event(String what, MeterEventRow row, AnsiColor colour) {
		if (this.welcomed) {
			String line = "%-16s  %s value %d for %s".formatted(UsageLine.shortened(name(row.client()), NAME_LENGTH),
					what, row.value(), row.lane().customer());
			say("  " + UsageLine.shortened(line, this.width - 2), colour);
		}
	}

	private String name(ClientId client) {
		return this.names.getOrDefault(client.value(), client.value());
	}

	@Override
	public void close() {
		this.writer.shutdown();
		try {
			this.writer.awaitTermination(1, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
