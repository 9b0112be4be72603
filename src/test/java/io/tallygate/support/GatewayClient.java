package io.tallygate.support;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Calls to one port of a gateway or of its fakes, each over a connection of its own.
 * Blocks. Never fails for what the network did: that is a {@link Reply} too.
 */
public final class GatewayClient {

	private static final JsonMapper JSON = JsonMapper.shared();

	private static final int PAGE = 100;

	private final int port;

	public GatewayClient(int port) {
		this.port = port;
	}

	/**
	 * What came back.
	 *
	 * @param status 0 when nothing came
	 * @param requestId the gateway's
	 * @param providerRequestId the provider's
	 * @param body so much of it as came
	 * @param isWhole whether it came to its end: of a stream, with {@code [DONE]}
	 */
	public record Reply(int status, String requestId, String providerRequestId, String body, boolean isWhole) {

		static Reply nothing(String why) {
			return new Reply(0, "", "", why, false);
		}

		@Override
		public String toString() {
			return this.status + " " + this.requestId + (this.isWhole ? " " : " cut ")
					+ this.body.substring(Math.max(0, this.body.length() - 100)).strip();
		}

		/** A success that the caller saw to its end. */
		public boolean isComplete() {
			return this.status == 200 && this.isWhole;
		}

		/** {@code error.code} of a refusal. */
		public String errorCode() {
			return json().path("error").path("code").asString("");
		}

		public JsonNode json() {
			return JSON.readTree(this.body);
		}

	}

	/** Asks a model, and waits for the whole answer. */
	public Reply chat(String key, String model) {
		return ask(key, model, false);
	}

	/** Asks a model to stream, and reads to the end. */
	public Reply stream(String key, String model) {
		return ask(key, model, true);
	}

	private Reply ask(String key, String model, boolean stream) {
		try (RawClient socket = new RawClient(this.port)) {
			RawClient.Answer answer = post(socket, key, model, stream).answer();
			boolean isWhole = answer.whole() && (!stream || answer.status() != 200 || answer.body().contains("[DONE]"));
			return new Reply(answer.status(), answer.header("x-request-id"), answer.header("x-provider-request-id"),
					answer.body(), isWhole);
		}
		catch (UncheckedIOException ex) {
			return Reply.nothing(String.valueOf(ex.getMessage()));
		}
	}

	/** Asks a model to stream, and hangs up after so many bytes. */
	public void hangUp(String key, String model, int afterBytes) {
		try (RawClient socket = new RawClient(this.port)) {
			post(socket, key, model, true).readBytes(afterBytes);
		}
	}

	private static RawClient post(RawClient socket, String key, String model, boolean stream) {
		String body = "{\"model\":\"" + model + "\",\"stream\":" + stream
				+ ",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}";
		return socket.post("/v1/chat/completions", body, "Authorization: Bearer " + key);
	}

	/** The status of a GET without a token, 0 when there is no answer. */
	public int status(String path) {
		return status(path, "");
	}

	/** The status of a GET, 0 when there is no answer. */
	public int status(String path, String token) {
		return send("GET", path, token, "").status();
	}

	/** What a GET without a token gives. */
	public JsonNode get(String path) {
		return get(path, "");
	}

	/** What a GET gives, which must be a success. */
	public JsonNode get(String path, String token) {
		return JSON.readTree(text(path, token));
	}

	/** What a GET gives, as text. */
	public String text(String path, String token) {
		return success("GET " + path, send("GET", path, token, ""));
	}

	/** What a POST gives, whatever it is; each header is a line. */
	public Reply post(String path, String token, String body, String... headers) {
		return send("POST", path, token, body, headers);
	}

	/** What a PATCH gives, which must be a success. */
	public JsonNode patch(String path, String token, String body) {
		return JSON.readTree(success("PATCH " + path, send("PATCH", path, token, body)));
	}

	/** What a call with this body gives, which must be a success. */
	public JsonNode call(String method, String path, String token, Map<String, ?> body) {
		return JSON.readTree(success(method + " " + path, send(method, path, token, JSON.writeValueAsString(body))));
	}

	/** All of a list, newest first, page after page. */
	public List<JsonNode> all(String path, String token) {
		List<JsonNode> all = new ArrayList<>();
		String from = path + (path.contains("?") ? "&" : "?") + "limit=" + PAGE;
		JsonNode page = get(from, token);
		page.path("data").forEach(all::add);
		while (page.path("has_more").asBoolean(false)) {
			String last = all.get(all.size() - 1).path("id").asString();
			page = get(from + "&starting_after=" + last, token);
			page.path("data").forEach(all::add);
		}
		return all;
	}

	private static String success(String call, Reply reply) {
		if (reply.status() / 100 != 2) {
			throw new AssertionError(call + " was answered " + reply.status() + ": " + reply.body());
		}
		return reply.body();
	}

	private Reply send(String method, String path, String token, String body, String... headers) {
		try (RawClient socket = new RawClient(this.port)) {
			RawClient.Answer answer = socket
				.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n"
						+ (token.isEmpty() ? "" : "Authorization: Bearer " + token + "\r\n")
						+ (headers.length > 0 ? String.join("\r\n", headers) + "\r\n" : "")
						+ (body.isEmpty() ? "" : "Content-Type: application/json\r\n") + "Content-Length: "
						+ body.length() + "\r\n\r\n" + body)
				.answer();
			return new Reply(answer.status(), answer.header("x-request-id"), "", answer.body(), answer.whole());
		}
		catch (UncheckedIOException ex) {
			return Reply.nothing(String.valueOf(ex.getMessage()));
		}
	}

}
