package io.tallygate.fault;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

import io.tallygate.support.GatewayClient.Reply;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.GatewayServer;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** The exit status tells whether everything that was counted is durable. */
class StopTests {

	private static final String CLIENT = "acme-dental";

	@Test
	@Matrix(73)
	void aStopWithAStoreAwayTellsWhetherAnythingIsLost() {
		try (GatewayProcess gateway = GatewayProcess.fresh().set("tallygate.metering.drain-max", "2s")) {
			gateway.start();
			GatewayServer postgres = gateway.postgres();
			postgres.kill();
			List<Reply> kept = IntStream.range(0, 5)
				.mapToObj((i) -> gateway.client().chat(gateway.channelKey(CLIENT), "fake-small"))
				.toList();

			assertThat(kept).allMatch(Reply::isComplete);
			assertThat(gateway.sigterm()).as("all is in Redis\n%s", gateway.text()).isZero();

			gateway.start();
			gateway.books().holdOnce(kept.stream().map(Reply::requestId).toList());

			CompletableFuture<Reply> stream = CompletableFuture
				.supplyAsync(() -> gateway.client().stream(gateway.channelKey(CLIENT), "fake:t=40,d=100"));
			Wait.pause(1500);
			gateway.redis().kill();
			gateway.postgres().kill();
			Reply cut = stream.join();

			assertThat(cut.isComplete()).isFalse();
			assertThat(gateway.sigterm()).as("one exchange is nowhere\n%s", gateway.text()).isEqualTo(1);
			assertThat(gateway.text()).contains("reached neither PostgreSQL nor Redis").contains(cut.requestId());
		}
	}

}
