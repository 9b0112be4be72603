package io.tallygate.fault;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import io.lettuce.core.RedisException;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.Metric;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Client;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.Test;
import redis.embedded.RedisSentinel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** The whole application with a Redis that a Sentinel looks after. */
class SentinelTests {

	private static final String MASTER = "tallygate";

	/** The Redis that the gateway was started with is gone for good. */
	@Test
	@Matrix(25)
	void whenItsRedisDiesTheGatewayFollowsTheSentinelToTheReplicaAndNothingIsLost() throws IOException {
		int port = TestServers.freePort();
		RedisSentinel[] sentinel = new RedisSentinel[1];
		try (OwnRedis replica = new OwnRedis();
				RunningGateway gateway = RunningGateway.startWithoutRedis("spring.data.redis.sentinel.master=" + MASTER,
						"spring.data.redis.sentinel.nodes=127.0.0.1:" + port,
						"tallygate.metering.sweep-interval=500ms")) {
			gateway.redis().start();
			replica.commands().sync().replicaof("127.0.0.1", gateway.redis().port());
			await().atMost(RunningGateway.PATIENCE)
				.until(() -> replica.commands().sync().info("replication").contains("master_link_status:up"));
			sentinel[0] = RedisSentinel.builder()
				.bind("127.0.0.1")
				.port(port)
				.masterName(MASTER)
				.masterPort(gateway.redis().port())
				.quorumSize(1)
				.downAfterMilliseconds(1000L)
				.failoverTimeout(5000L)
				.build();
			sentinel[0].start();
			Client client = gateway.agency().client("Watched", Map.of());
			await().atMost(RunningGateway.PATIENCE).until(() -> generations(gateway.redis()) == 16);
			chat(gateway, client, 5);
			assertThat(gateway.lines(client, 5)).hasSize(5);

			gateway.redis().kill();
			chat(gateway, client, 5);
			// A Sentinel that promotes a replica hangs up on its clients, this one too.
			await().atMost(RunningGateway.PATIENCE)
				.ignoreExceptionsInstanceOf(RedisException.class)
				.until(() -> replica.commands().sync().info("replication").contains("role:master")
						&& gateway.bean(MeterRegistry.class).get(Metric.REDIS_AWAY.key()).gauge().value() == 0);
			chat(gateway, client, 5);

			assertThat(gateway.lines(client, 15)).hasSize(15).allMatch((line) -> line.status().equals("billed"));
			await().atMost(RunningGateway.PATIENCE)
				.untilAsserted(() -> assertThat(List.of("open", "pending"))
					.allSatisfy((kind) -> assertThat(replica.commands().sync().keys("tg:*:" + kind)).isEmpty()));
			assertThat(generations(replica)).isEqualTo(16);
		}
		finally {
			if (sentinel[0] != null) {
				sentinel[0].stop();
			}
		}
	}

	private static long generations(OwnRedis redis) {
		return redis.commands().sync().keys("tg:*:gen").size();
	}

	private static void chat(RunningGateway gateway, Client client, int count) {
		IntStream.range(0, count)
			.forEach((i) -> assertThat(
					gateway
						.chat(client,
								Map.of("model", "fake:t=20,d=0", "messages",
										List.of(Map.of("role", "user", "content", "Hi"))))
						.statusCode())
				.isEqualTo(200));
	}

}
