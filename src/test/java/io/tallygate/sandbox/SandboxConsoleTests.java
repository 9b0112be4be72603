package io.tallygate.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.client.Terms;
import io.tallygate.client.TokenWeights;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.RequestId;
import io.tallygate.metering.Outcome.Status;
import io.tallygate.outbox.Delivery;
import io.tallygate.outbox.Lane;
import io.tallygate.outbox.MeterEventRow;
import io.tallygate.provider.Usage;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** The terminal tells what is metered and what Stripe took. */
class SandboxConsoleTests {

	private static final String BODY = "0123456789abcdefghjkmnpqrs";

	private final ByteArrayOutputStream out = new ByteArrayOutputStream();

	private final SandboxConsole console = new SandboxConsole(new PrintStream(this.out, true, StandardCharsets.UTF_8),
			80);

	private final ClientId client = new ClientId("cli_" + BODY);

	@Test
	void nothingIsShownBeforeTheWelcome() {
		this.console.named(this.client.value(), "Acme");

		counted();
		this.console.delivered(row());

		assertThat(printed()).isEmpty();
	}

	@Test
	void anExchangeIsALineUnderTheClientsName() {
		welcome();
		this.console.named(this.client.value(), "Acme");

		counted();

		assertThat(printed()).contains("  Acme              620 tokens · unit 1 at 62 % ▓▓▓▓▓▓░░░░");
	}

	@Test
	void aDeliveredMeterEventNamesItsValueAndCustomer() {
		welcome();
		this.console.named(this.client.value(), "Acme");

		this.console.delivered(row());

		assertThat(printed()).contains("  Acme              → Stripe accepted meter event, value 1 for cus_1");
	}

	@Test
	void aClosedConsoleTakesLinesWithoutComplaint() {
		welcome();
		printed();

		counted();

		assertThat(printed()).doesNotContain("620 tokens");
	}

	private void welcome() {
		this.console.welcome(new Welcome("http://localhost", false, "tgp_x", null, "/data"));
	}

	private void counted() {
		ChargePolicy policy = new ChargePolicy(ChargeBy.TOKENS, 1000, Report.UNITS, TokenWeights.ONE);
		this.console.counted(new RequestId("req_" + BODY),
				new Terms(new AgencyId("agy_" + BODY), this.client, 1, policy), Status.BILLED, Usage.of(600, 20), 0,
				620_000);
	}

	private MeterEventRow row() {
		Instant now = Instant.EPOCH;
		Lane lane = new Lane(1, new AgencyId("agy_" + BODY), "acct_1", false, "cus_1", "mtr_1", "units");
		Delivery delivery = new Delivery(Delivery.State.DELIVERED, null, false, 1, 0, null, now, now, null, null, now);
		return new MeterEventRow(new MeterEventId("mev_" + BODY), lane, this.client, 1, MeterEventRow.Kind.UNITS,
				"tg_1", 1, 0, 1, now, null, 0, 1, false, now, 0, null, null, now, delivery);
	}

	private String printed() {
		this.console.close();
		return this.out.toString(StandardCharsets.UTF_8);
	}

}
