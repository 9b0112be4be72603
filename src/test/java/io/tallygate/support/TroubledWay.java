package io.tallygate.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A port in front of a server of this machine, on which answers come late, or are lost
 * after the server has done what it was asked.
 */
public final class TroubledWay implements AutoCloseable {

	private static final int CHUNK = 64 * 1024;

	private final int target;

	private final ServerSocket server;

	private final Set<Socket> open = ConcurrentHashMap.newKeySet();

	private final AtomicInteger asked = new AtomicInteger();

	private final AtomicInteger lost = new AtomicInteger();

	private volatile Duration delay = Duration.ZERO;

	private volatile String request = "";

	private volatile int nth;

	/** Leads to this port. */
	public TroubledWay(int target) {
		this.target = target;
		try {
			this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		run("way", this::accept);
	}

	public int port() {
		return this.server.getLocalPort();
	}

	/** From now on whatever the server says comes so much later. */
	public void delaysAnswers(Duration delay) {
		this.delay = delay;
	}

	/**
	 * From now on every nth request that contains this text is carried out, and its
	 * answer is lost with its connection.
	 */
	public void losesAnswers(String request, int nth) {
		this.request = request;
		this.nth = nth;
	}

	/** From now on as if nothing stood between. */
	public void heals() {
		this.nth = 0;
		this.delay = Duration.ZERO;
	}

	/** Answers that were lost. */
	public int lost() {
		return this.lost.get();
	}

	private void accept() throws IOException {
		while (true) {
			Socket client = keep(this.server.accept());
			run("way", () -> lead(client));
		}
	}

	private void lead(Socket client) throws IOException {
		try {
			Link link = new Link(client, keep(new Socket(InetAddress.getLoopbackAddress(), this.target)));
			run("way-there", link::there);
			run("way-back", link::back);
		}
		catch (IOException ex) {
			shut(client);
		}
	}

	private Socket keep(Socket socket) throws IOException {
		socket.setTcpNoDelay(true);
		this.open.add(socket);
		return socket;
	}

	private boolean meetsItsEnd(byte[] chunk, int length) {
		return this.nth > 0 && new String(chunk, 0, length, StandardCharsets.ISO_8859_1).contains(this.request)
				&& this.asked.incrementAndGet() % this.nth == 0;
	}

	private static void run(String name, Work work) {
		Thread thread = new Thread(() -> {
			try {
				work.run();
			}
			catch (IOException ex) {
				// One of the two has hung up.
			}
		}, name);
		thread.setDaemon(true);
		thread.start();
	}

	@Override
	public void close() {
		shut(this.server);
		this.open.forEach(TroubledWay::shut);
	}

	private static void shut(AutoCloseable socket) {
		try {
			socket.close();
		}
		catch (Exception ex) {
			throw new IllegalStateException(ex);
		}
	}

	@FunctionalInterface
	private interface Work {

		void run() throws IOException;

	}

	/** One connection, by a thread for each direction. */
	private final class Link {

		private final Socket client;

		private final Socket server;

		private volatile boolean ends;

		Link(Socket client, Socket server) {
			this.client = client;
			this.server = server;
		}

		void there() throws IOException {
			pass(this.client.getInputStream(), this.server.getOutputStream(), (chunk, length) -> {
				this.ends |= meetsItsEnd(chunk, length);
				return true;
			});
		}

		void back() throws IOException {
			pass(this.server.getInputStream(), this.client.getOutputStream(), (chunk, length) -> {
				if (!TroubledWay.this.delay.isZero()) {
					Wait.pause(TroubledWay.this.delay.toMillis());
				}
				return !this.ends;
			});
			if (this.ends) {
				TroubledWay.this.lost.incrementAndGet();
			}
		}

		private void pass(InputStream from, OutputStream to, Passage passage) throws IOException {
			byte[] chunk = new byte[CHUNK];
			try {
				int length = from.read(chunk);
				while (length >= 0 && passage.isOpen(chunk, length)) {
					to.write(chunk, 0, length);
					length = from.read(chunk);
				}
			}
			finally {
				shut(this.client);
				shut(this.server);
			}
		}

	}

	@FunctionalInterface
	private interface Passage {

		boolean isOpen(byte[] chunk, int length);

	}

}
