package io.tallygate.support;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** An HTTP client at a bare socket, which sees every byte and may hang up after any. */
public final class RawClient implements AutoCloseable {

	/**
	 * All that a server sent.
	 *
	 * @param status of it
	 * @param head status line and headers
	 * @param body without the framing
	 * @param whole whether it ended as HTTP wants, not with the connection
	 */
	public record Answer(int status, String head, String body, boolean whole) {

		/** The value of a header, "" when it is not there. */
		public String header(String name) {
			for (String line : this.head.split("\r\n")) {
				if (line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":")) {
					return line.substring(name.length() + 1).strip();
				}
			}
			return "";
		}

	}

	private final Socket socket = new Socket();

	private final InputStream in;

	/** Connects. */
	public RawClient(int port) {
		this(port, 0);
	}

	/**
	 * Connects, and has the kernel hold no more than {@code receiveBytes}; 0 for as it
	 * likes.
	 */
	public RawClient(int port, int receiveBytes) {
		try {
			if (receiveBytes > 0) {
				this.socket.setReceiveBufferSize(receiveBytes);
			}
			this.socket.connect(new InetSocketAddress("127.0.0.1", port), 5000);
			this.socket.setSoTimeout(20_000);
			this.in = new BufferedInputStream(this.socket.getInputStream());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Sends these bytes as they are. */
	public RawClient send(String bytes) {
		try {
			this.socket.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
			this.socket.getOutputStream().flush();
			return this;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Sends these bytes if the other side is still there. */
	public void sendPerhaps(String bytes) {
		try {
			this.socket.getOutputStream().write(bytes.getBytes(StandardCharsets.UTF_8));
		}
		catch (IOException ex) {
			// It is not, as isOver() tells.
		}
	}

	/** Whether the other side has hung up, without having said anything. */
	public boolean isOver() {
		try {
			this.socket.setSoTimeout(1);
			return this.in.read() < 0;
		}
		catch (java.net.SocketTimeoutException ex) {
			return false;
		}
		catch (IOException ex) {
			return true;
		}
	}

	/** Sends a POST of JSON with these further header lines. */
	public RawClient post(String path, String body, String... headers) {
		StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n"
				+ "Content-Type: application/json\r\nContent-Length: " + body.getBytes(StandardCharsets.UTF_8).length
				+ "\r\n");
		for (String header : headers) {
			head.append(header).append("\r\n");
		}
		return send(head + "\r\n" + body);
	}

	/** Reads one answer to its end, or to the connection's. */
	public Answer answer() {
		try {
			String head = head();
			int status = Integer.parseInt(head.split(" ")[1]);
			Answer framed = new Answer(status, head, "", true);
			ByteArrayOutputStream body = new ByteArrayOutputStream();
			boolean whole = framed.header("transfer-encoding").equals("chunked") ? chunks(body)
					: read(body, Integer.parseInt("0" + framed.header("content-length")));
			return new Answer(status, head, body.toString(StandardCharsets.UTF_8), whole);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Reads until {@code count} bytes have come, framing included. */
	public String readBytes(int count) {
		try {
			return new String(this.in.readNBytes(count), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Reads all that comes until the other side closes, framing included. */
	public String rest() {
		try {
			return new String(this.in.readAllBytes(), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Reads until so many events of a stream have begun; what was read, headers first.
	 */
	public String readEvents(int count) {
		try {
			StringBuilder read = new StringBuilder();
			int events = 0;
			while (events < count) {
				int next = this.in.read();
				if (next < 0) {
					throw new IOException("The connection ended after " + events + " events: " + read);
				}
				read.append((char) next);
				if (next == ':' && read.length() > 4 && read.substring(read.length() - 5).equals("data:")) {
					events++;
				}
			}
			return read.toString();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Hangs up as one who has nothing more to say (FIN), and waits for the other side.
	 */
	public void finish() {
		try {
			this.socket.shutdownOutput();
			this.in.readAllBytes();
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Hangs up as one who crashed (RST). */
	public void reset() {
		try {
			this.socket.setSoLinger(true, 0);
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Hangs up. */
	@Override
	public void close() {
		try {
			this.socket.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private String head() throws IOException {
		StringBuilder head = new StringBuilder();
		while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
			int next = this.in.read();
			if (next < 0) {
				throw new IOException("The connection ended in the head: " + head);
			}
			head.append((char) next);
		}
		return head.toString();
	}

	private boolean chunks(ByteArrayOutputStream body) throws IOException {
		while (true) {
			StringBuilder size = new StringBuilder();
			while (size.indexOf("\r\n") < 0) {
				int next = next();
				if (next < 0) {
					return false;
				}
				size.append((char) next);
			}
			int length = Integer.parseInt(size.toString().strip(), 16);
			if (!read(body, length)) {
				return false;
			}
			this.in.readNBytes(2);
			if (length == 0) {
				return true;
			}
		}
	}

	/** The next byte; -1 at the end of the connection, however that came. */
	private int next() throws IOException {
		try {
			return this.in.read();
		}
		catch (java.net.SocketException ex) {
			return -1;
		}
	}

	private boolean read(ByteArrayOutputStream body, int length) throws IOException {
		byte[] bytes;
		try {
			bytes = this.in.readNBytes(length);
		}
		catch (java.net.SocketException ex) {
			return false;
		}
		body.writeBytes(bytes);
		return bytes.length == length;
	}

}
