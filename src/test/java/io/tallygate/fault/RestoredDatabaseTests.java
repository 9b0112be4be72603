package io.tallygate.fault;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.support.Books;
import io.tallygate.support.GatewayClient.Reply;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.GatewayServer;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * PostgreSQL comes back as it was a while ago: from a backup, or as a standby that
 * lagged. Stripe has units that it does not know of, and Redis entries.
 */
class RestoredDatabaseTests {

	private static final List<String> CLIENTS = List.of("acme-dental", "bolt-fitness", "chatty-ltd");

	private static final int REQUESTS = 30;

	private final List<String> requests = new ArrayList<>();

	private GatewayProcess gateway;

	@AfterEach
	void stop() {
		this.gateway.close();
	}

	@Test
	@Matrix(36)
	void noUnitIsSentTwiceAndNoRequestIsLost() {
		this.gateway = GatewayProcess.fresh()
			.set("tallygate.outbox.scan-every", "1s")
			.set("tallygate.outbox.recover-every", "1s")
			.set("tallygate.metering.sweep-interval", "1s");
		this.gateway.start();
		Books books = this.gateway.books();
		GatewayServer postgres = this.gateway.postgres();
		chats();
		books.holdOnce(this.requests);
		books.agreeWithStripe();

		postgres.kill();
		Path backup = postgres.copy();
		isThereAgain(postgres);
		chats();
		books.holdOnce(this.requests);
		books.agreeWithStripe();

		postgres.kill();
		postgres.restore(backup);
		isThereAgain(postgres);
		chats();
		books.holdOnce(this.requests);
		this.gateway.await("alarm", (line) -> line.contains("PostgreSQL has lost what was committed since"), 30);

		Wait.until("settlement of every lane", 60, () -> {
			tenMinutesPass(postgres);
			return postgres.number("select count(*) from rollback where settled_at is not null") == 1;
		});
		assertThat(postgres.number("select coalesce(sum(recovered), 0) from rollback_lane")).isPositive();
		books.agreeWithTheProvider();
		assertThat(books.reportedAndNotBilled()).isEmpty();
		books.agreeWithStripe();
	}

	/** What is waited for is dated back. */
	private static void tenMinutesPass(GatewayServer postgres) {
		postgres.execute("update rollback set found_at = found_at - interval '10 minutes' where settled_at is null");
		postgres.execute("update rollback_lane set seen_at = seen_at - interval '10 minutes' where settled_at is null");
	}

	private void isThereAgain(GatewayServer postgres) {
		postgres.restart();
		Wait.until("answer of PostgreSQL", 30,
				() -> this.gateway.client().status("/admin/v1/clients", this.gateway.adminToken()) == 200);
	}

	private void chats() {
		for (int i = 0; i < REQUESTS; i++) {
			Reply reply = this.gateway.client()
				.chat(this.gateway.channelKey(CLIENTS.get(i % CLIENTS.size())), "fake:t=900,d=0");
			assertThat(reply.isComplete()).isTrue();
			this.requests.add(reply.requestId());
		}
	}

}
