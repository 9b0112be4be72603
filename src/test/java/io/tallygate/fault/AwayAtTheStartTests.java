package io.tallygate.fault;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Client;
import io.tallygate.support.RunningGateway.Line;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The whole application starts while its Redis is away, and whoever leaves in mid-stream
 * is billed.
 */
class AwayAtTheStartTests {

	private static RunningGateway gateway;

	private static RunningGateway.Agency agency;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.startWithoutRedis("tallygate.metering.sweep-interval=500ms");
		agency = gateway.agency();
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	@Matrix(19)
	void withoutRedisItStartsAndServesAndRedisIsToldLater() {
		Client client = agency.client("early", Map.of());

		assertThat(chat(client, "fake:t=20,d=0")).isEqualTo(200);
		assertThat(gateway.lines(client, 1)).hasSize(1);
		gateway.redis().start();
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> gateway.redis().commands().sync().keys("tg:*:gen").size() == 16);
		assertThat(chat(client, "fake:t=20,d=0")).isEqualTo(200);

		assertThat(gateway.lines(client, 2)).hasSize(2);
		gateway.assertNothingIsOpen();
	}

	@Test
	@Matrix(76)
	void whoseKeyIsRevokedOrWhoIsArchivedInMidStreamGetsTheRestAndIsBilled() {
		Client revoked = agency.client("revoked", Map.of());
		Client archived = agency.client("archived", Map.of());
		List<CompletableFuture<Integer>> streams = List.of(revoked, archived)
			.stream()
			.map((client) -> CompletableFuture.supplyAsync(() -> chat(client, "fake:t=30,d=50")))
			.toList();
		await().atMost(RunningGateway.PATIENCE).until(() -> gateway.provider().openStreams() == 2);

		String key = agency.call("GET", "/clients/" + revoked.id(), Map.of()).at("/channels/0/keys/0/id").stringValue();
		agency.call("DELETE", "/keys/" + key, Map.of());
		agency.call("DELETE", "/clients/" + archived.id(), Map.of());

		assertThat(streams).allMatch((stream) -> stream.join() == 200);
		for (Client client : List.of(revoked, archived)) {
			assertThat(gateway.lines(client, 1)).extracting(Line::status).containsExactly("billed");
			await().atMost(RunningGateway.PATIENCE).until(() -> chat(client, "fake-small") == 401);
			assertThat(gateway.lines(client)).hasSize(1);
		}
	}

	private static int chat(Client client, String model) {
		return gateway.chat(client, Map.of("model", model, "stream", model.endsWith("d=50"), "messages",
				List.of(Map.of("role", "user", "content", "Hi"))))
			.statusCode();
	}

}
