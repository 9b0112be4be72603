package io.tallygate.fault;

import java.util.ArrayList;
import java.util.List;

import io.tallygate.support.GatewayClient.Reply;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.RawClient;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** A process may open only so many files, and somebody wants all of them. */
class DescriptorTests {

	private static final int DESCRIPTORS = 400;

	private static final String CLIENT = "acme-dental";

	@Test
	@Matrix(78)
	void whenNoDescriptorIsLeftConnectionsWaitAndAfterwardsAllIsWell() {
		try (GatewayProcess gateway = GatewayProcess.fresh().withDescriptors(DESCRIPTORS)) {
			gateway.start();
			List<RawClient> idle = new ArrayList<>();
			for (int i = 0; i < DESCRIPTORS; i++) {
				idle.add(new RawClient(gateway.port()));
			}
			gateway.await("lack of descriptors", (line) -> line.contains("Too many open files"), 20);
			idle.forEach(RawClient::close);

			List<String> answered = new ArrayList<>();
			Wait.until("answers again", 30, () -> {
				Reply reply = gateway.client().chat(gateway.channelKey(CLIENT), "fake:t=900,d=0");
				if (reply.isComplete()) {
					answered.add(reply.requestId());
				}
				return answered.size() == 10;
			});
			assertThat(gateway.isAlive()).isTrue();
			gateway.books().holdOnce(answered);
			gateway.books().agreeWithTheProvider();
			gateway.books().agreeWithStripe();
		}
	}

}
