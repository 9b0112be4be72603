package io.tallygate.journey;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import io.tallygate.support.RunningGateway.Client;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * An agency in a Stripe account of its own, seen through the admin API and the data plane
 * only; what a person does at Stripe is done at the fake one's pages.
 *
 * @param gateway that it uses
 * @param key of the account
 * @param agency whose it is
 */
record Billed(RunningGateway gateway, SandboxKey key, Agency agency) {

	/** What the fake provider counts for the prompt. */
	private static final int PROMPT_TOKENS = 7;

	/** A gateway that looks at its books at once, and not in the hour. */
	static RunningGateway gatewayInAHurry() {
		return RunningGateway.start("tallygate.billing.webhooks-every=200ms",
				"tallygate.billing.reconciliations-every=200ms", "tallygate.billing.reconciliation-settle=3s",
				"tallygate.outbox.scan-every=500ms");
	}

	/** An agency with the fake provider, to which its Stripe account posts webhooks. */
	static Billed in(RunningGateway gateway, String accountName) {
		SandboxKey key = gateway.stripe().newKey("acct_" + accountName.replace(' ', '_'), accountName, null);
		Agency agency = gateway.agencyWith(key.secret().reveal());
		agency.addModels();
		agency.call("POST", "/stripe/webhook_endpoints", Map.of("url", "http://127.0.0.1:" + gateway.port()));
		return new Billed(gateway, key, agency);
	}

	/** Makes something at Stripe, and gives its id. */
	String made(String path, Map<String, ?> body) {
		return this.agency.call("POST", "/stripe" + path, body).path("id").stringValue();
	}

	/** What Stripe itself says. */
	JsonNode atStripe(String path) {
		return this.gateway.atStripe(this.key, "GET", path, "");
	}

	/** An exchange of so many tokens in all; its request id. */
	String use(Client client, int tokens) {
		HttpResponse<byte[]> answer = this.gateway.chat(client,
				Map.of("model", "fake:t=" + (tokens - PROMPT_TOKENS) + ",d=0", "messages",
						List.of(Map.of("role", "user", "content", "Hi"))));
		assertThat(answer.statusCode()).as(() -> new String(answer.body())).isEqualTo(200);
		String request = answer.headers().firstValue("x-request-id").orElseThrow();
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> this.agency.ask("GET", "/ledger/" + request, null).statusCode() == 200);
		assertThat(entry(request).at("/usage/total_tokens").asInt()).isEqualTo(tokens);
		return request;
	}

	/** A line of the ledger, with the meter events that report it. */
	JsonNode entry(String request) {
		return this.agency.read("/ledger/" + request);
	}

	/** The client's meter events once they are delivered and make so much. */
	List<JsonNode> delivered(Client client, long units) {
		return await().atMost(RunningGateway.PATIENCE)
			.until(() -> this.agency.read("/meter_events?limit=100&client=" + client.id())
				.path("data")
				.valueStream()
				.filter((event) -> event.path("state").asString().equals("delivered"))
				.toList(), (events) -> sum(events, "value") == units);
	}

	/** Waits until Stripe's event summaries of the client make so much. */
	void counted(Client client, long units) {
		String from = Instant.now().minus(Duration.ofHours(3)).toString();
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> this.agency.read("/clients/" + client.id() + "/event_summaries?from=" + from)
				.path("units")
				.asLong() == units);
	}

	/** Stripe's preview of the client's next invoice, beside our own figure. */
	JsonNode preview(Client client) {
		return this.agency.read("/clients/" + client.id() + "/invoice_preview");
	}

	/**
	 * The requests that these meter events name, each of which must name its meter event
	 * again.
	 */
	List<String> requestsThatLeadBack(List<JsonNode> meterEvents) {
		List<String> requests = new ArrayList<>();
		for (JsonNode event : meterEvents) {
			String id = event.path("id").stringValue();
			for (JsonNode request : this.agency.read("/meter_events/" + id).path("requests")) {
				requests.add(request.stringValue());
				assertThat(reportedIn(request.stringValue())).contains(id);
			}
		}
		return requests;
	}

	/** The meter events that report a request. */
	List<String> reportedIn(String request) {
		return entry(request).path("meter_events").valueStream().map((event) -> event.path("id").asString()).toList();
	}

	/** The client's newest invoice, as Stripe's webhooks told of it, in this status. */
	JsonNode invoice(Client client, String status) {
		return await().atMost(RunningGateway.PATIENCE)
			.until(() -> this.agency.read("/clients/" + client.id() + "/payment").at("/invoices/0"),
					(invoice) -> invoice.path("status").asString("").equals(status));
	}

	/** What came of the webhooks of a type, each of which must have been worked off. */
	List<JsonNode> webhooks(String type) {
		return await().atMost(RunningGateway.PATIENCE)
			.until(() -> this.agency.read("/webhook_events?type=" + type).path("data").valueStream().toList(),
					(events) -> !events.isEmpty()
							&& events.stream().allMatch((event) -> event.path("state").asString().equals("done")));
	}

	/** Waits until somebody has looked at the client's books because of an invoice. */
	void lookedAtForAnInvoice(Client client) {
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> this.agency.read("/reconciliations?limit=100")
				.path("data")
				.valueStream()
				.anyMatch((run) -> run.path("cause").asString().equals("invoice")
						&& run.path("client_id").asString("").equals(client.id())
						&& run.path("state").asString().equals("done")));
	}

	/** What a look at the client's books finds now: a clean one's only row. */
	JsonNode reconciled(Client client) {
		String id = this.agency.call("POST", "/reconciliations", Map.of("client", client.id()))
			.path("id")
			.stringValue();
		JsonNode run = await().atMost(RunningGateway.PATIENCE)
			.until(() -> this.agency.read("/reconciliations/" + id),
					(each) -> each.path("state").asString().equals("done"));
		assertThat(run.path("clean").asBoolean()).as(() -> run.path("rows").toString()).isTrue();
		assertThat(run.path("rows").size()).isEqualTo(1);
		return run.at("/rows/0");
	}

	/** A person finalises the draft in Stripe's Dashboard instead of waiting an hour. */
	void finalise(JsonNode invoice) {
		this.gateway.atStripe(this.key, "POST", "/v1/invoices/" + invoice.path("id").asString() + "/finalize", "");
	}

	static long sum(List<JsonNode> objects, String field) {
		return objects.stream().mapToLong((object) -> object.path(field).asLong()).sum();
	}

}
