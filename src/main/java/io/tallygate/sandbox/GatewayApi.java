package io.tallygate.sandbox;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The gateway as anyone calls it, over HTTP. Blocks: for the demo's own thread.
 */
class GatewayApi {

	private static final Duration ANSWER_MAX = Duration.ofSeconds(30);

	private static final JsonMapper JSON = JsonMapper.shared();

	private final HttpClient http = HttpClient.newBuilder()
		.version(HttpClient.Version.HTTP_1_1)
		.connectTimeout(Duration.ofSeconds(5))
		.build();

	private final URI base;

	GatewayApi(URI base) {
		this.base = base;
	}

	/** An answer that is not 2xx. */
	static final class Refused extends RuntimeException {

		private static final long serialVersionUID = 1L;

		private final int status;

		Refused(String call, int status, String answer) {
			super(call + " was answered " + status + ": " + UsageLine.shortened(answer, 300));
			this.status = status;
		}

		int status() {
			return this.status;
		}

	}

	JsonNode get(String path, String token) throws IOException, InterruptedException {
		return send(request(path, token).GET().build());
	}

	JsonNode put(String path, String token, Map<String, ?> body) throws IOException, InterruptedException {
		return send(request(path, token).PUT(json(body)).build());
	}

	/** A repeat under the same {@code idempotencyKey} does nothing twice. */
	JsonNode post(String path, String token, String idempotencyKey, Map<String, ?> body)
			throws IOException, InterruptedException {
		return send(request(path, token).header("Idempotency-Key", idempotencyKey).POST(json(body)).build());
	}

	/** Whether anything is served at {@code path}. */
	boolean serves(String path) throws IOException, InterruptedException {
		HttpRequest request = HttpRequest.newBuilder(this.base.resolve(path)).timeout(ANSWER_MAX).GET().build();
		return this.http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() < 400;
	}

	private HttpRequest.Builder request(String path, String token) {
		return HttpRequest.newBuilder(this.base.resolve(path))
			.timeout(ANSWER_MAX)
			.header("Authorization", "Bearer " + token)
			.header("Content-Type", "application/json");
	}

	private static HttpRequest.BodyPublisher json(Map<String, ?> body) {
		return HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body));
	}

	private JsonNode send(HttpRequest request) throws IOException, InterruptedException {
		HttpResponse<String> answer = this.http.send(request, HttpResponse.BodyHandlers.ofString());
		if (answer.statusCode() / 100 != 2) {
			throw new Refused(request.method() + " " + request.uri().getPath(), answer.statusCode(), answer.body());
		}
		return JSON.readTree(answer.body());
	}

}
