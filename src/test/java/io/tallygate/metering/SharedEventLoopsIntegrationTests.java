package io.tallygate.metering;

import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.RedisClient;
import io.lettuce.core.resource.ClientResources;
import io.tallygate.support.TestServers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.netty.resources.LoopResources;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.http.client.ReactorResourceFactory;

import static org.assertj.core.api.Assertions.assertThat;

/** On whose event loops Redis's driver works. */
class SharedEventLoopsIntegrationTests {

	private static final String REDIS = "redis://127.0.0.1:" + TestServers.redisPort();

	private final LoopResources loops = LoopResources.create("relay", 1, true);

	private final ReactorResourceFactory relay = new ReactorResourceFactory();

	private final DataRedisProperties redis = new DataRedisProperties();

	private @Nullable ClientResources resources;

	@BeforeEach
	void startRelay() {
		this.relay.setUseGlobalResources(false);
		this.relay.setLoopResources(this.loops);
	}

	@AfterEach
	void stop() throws Exception {
		if (this.resources != null) {
			this.resources.shutdown(0, 1, TimeUnit.SECONDS).get(5, TimeUnit.SECONDS);
		}
		this.loops.disposeLater().block();
	}

	@Test
	void anAnswerComesOnALoopOfTheRelay() {
		this.redis.setUrl(REDIS);

		assertThat(whoAnswers()).startsWith("relay");
	}

	@Test
	void theRelaysLoopsOutliveTheDriver() throws Exception {
		this.redis.setUrl(REDIS);
		ClientResources driver = resources();
		driver.shutdown(0, 1, TimeUnit.SECONDS).get(5, TimeUnit.SECONDS);

		assertThat(this.loops.onServer(true).submit(() -> "alive").get(5, TimeUnit.SECONDS)).isEqualTo("alive");
	}

	@Test
	void overTlsTheDriverHasLoopsOfItsOwn() {
		this.redis.setUrl("rediss://127.0.0.1:6379");
		assertThat(resources().eventLoopGroupProvider()).isNotInstanceOf(SharedEventLoops.class);
	}

	@Test
	void withABundleOfCertificatesTheDriverHasLoopsOfItsOwn() {
		this.redis.getSsl().setBundle("stores");
		assertThat(resources().eventLoopGroupProvider()).isNotInstanceOf(SharedEventLoops.class);
	}

	private String whoAnswers() {
		RedisClient client = RedisClient.create(resources(), REDIS);
		try {
			return client.connect().reactive().ping().map((pong) -> Thread.currentThread().getName()).block();
		}
		finally {
			client.shutdown();
		}
	}

	private ClientResources resources() {
		ObjectProvider<ReactorResourceFactory> eventLoops = new StaticListableBeanFactory(Map.of("relay", this.relay))
			.getBeanProvider(ReactorResourceFactory.class);
		ClientResources.Builder builder = ClientResources.builder();
		new MeteringConfiguration().sharedEventLoops(eventLoops, this.redis).customize(builder);
		this.resources = builder.build();
		return this.resources;
	}

}
