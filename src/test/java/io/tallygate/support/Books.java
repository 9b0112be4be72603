package io.tallygate.support;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What everybody wrote down about the same exchanges: the gateway's ledger and meter
 * events as its admin API shows them, what the provider reported, and what Stripe
 * accepted.
 */
public final class Books {

	/** Longer than entries collect for the ledger and a batch of them takes. */
	private static final int SETTLED_MILLIS = 1000;

	private final GatewayProcess gateway;

	private final GatewayClient provider;

	private final GatewayClient stripe;

	/** The books of a gateway, its provider and its Stripe. */
	public Books(GatewayProcess gateway, GatewayClient provider, GatewayClient stripe) {
		this.gateway = gateway;
		this.provider = provider;
		this.stripe = stripe;
	}

	/** All ledger lines and orphans. */
	public List<JsonNode> ledger() {
		return this.gateway.client().all("/admin/v1/ledger", this.gateway.adminToken());
	}

	/** All meter events. */
	public List<JsonNode> meterEvents() {
		return this.gateway.client().all("/admin/v1/meter_events", this.gateway.adminToken());
	}

	/** Those of these requests that stand in the ledger as {@code status}. */
	public List<String> requests(String status) {
		return ledger().stream()
			.filter((line) -> line.path("status").asString().equals(status))
			.map((line) -> line.path("request_id").asString())
			.toList();
	}

	/**
	 * Waits until each of these stands in the ledger as billed, and finds it there once.
	 */
	public void holdOnce(Collection<String> requests) {
		Wait.until("line of each exchange", 60, () -> requests("billed").containsAll(requests));

		assertThat(ledger()).extracting((line) -> line.path("request_id").asString()).doesNotHaveDuplicates();
	}

	/**
	 * Compares each billed line with what the provider reported to the same request: all
	 * that the provider remembers, or those lines that it does.
	 */
	public void agreeWithTheProvider() {
		Map<String, Long> reported = new HashMap<>();
		for (JsonNode answer : this.provider.get("/__transcript").path("answers")) {
			if (answer.path("reported").asBoolean()) {
				reported.put(answer.path("request_id").asString(), answer.path("total_tokens").asLong());
			}
		}
		Map<String, Long> billed = ledger().stream()
			.filter((line) -> reported.containsKey(line.path("provider_request_id").asString("")))
			.collect(Collectors.toMap((line) -> line.path("provider_request_id").asString(),
					(line) -> line.at("/usage/total_tokens").asLong(), Long::sum));

		assertThat(billed).isNotEmpty();
		assertThat(reported).containsAllEntriesOf(billed);
	}

	/** Requests of which the provider reported usage, and the ledger knows nothing. */
	public List<String> reportedAndNotBilled() {
		List<String> billed = ledger().stream().map((line) -> line.path("provider_request_id").asString("")).toList();
		List<String> missing = new ArrayList<>();
		for (JsonNode answer : this.provider.get("/__transcript").path("answers")) {
			String id = answer.path("request_id").asString();
			if (answer.path("reported").asBoolean() && !billed.contains(id)) {
				missing.add(id);
			}
		}
		return missing;
	}

	/**
	 * Waits until Stripe has of each client what its ledger says, and no more comes into
	 * that; no unit more at any instant, and no identifier twice.
	 */
	public void agreeWithStripe() {
		Wait.until("agreement with Stripe", 90, () -> {
			Map<String, Long> accepted = accepted();
			Map<String, Long> owed = owed();
			accepted.forEach((customer, units) -> assertThat(units).as("units of %s at Stripe", customer)
				.isLessThanOrEqualTo(owed.getOrDefault(customer, 0L)));
			if (!accepted.equals(owed)) {
				return false;
			}
			Wait.pause(SETTLED_MILLIS);
			return owed().equals(owed);
		}, () -> "Owed are " + owed() + " and accepted " + accepted());

		assertThat(this.stripe.get("/__transcript").path("events"))
			.extracting((event) -> event.path("identifier").asString())
			.doesNotHaveDuplicates();
		Map<String, Long> delivered = meterEvents().stream()
			.filter((event) -> event.path("state").asString().equals("delivered"))
			.collect(Collectors.groupingBy((event) -> event.path("stripe_customer_id").asString(),
					Collectors.summingLong((event) -> event.path("value").asLong())));
		assertThat(delivered).isEqualTo(owed());
	}

	/** Values that Stripe accepted, by customer. */
	public Map<String, Long> accepted() {
		Map<String, Long> accepted = new HashMap<>();
		for (JsonNode event : this.stripe.get("/__transcript").path("events")) {
			accepted.merge(event.path("customer").asString(), event.path("value").asLong(), Long::sum);
		}
		return accepted;
	}

	/** What each client's ledger makes in units, or in raw usage where Stripe divides. */
	public Map<String, Long> owed() {
		Map<String, Long> owed = new HashMap<>();
		List<JsonNode> ledger = ledger();
		for (JsonNode client : this.gateway.client().all("/admin/v1/clients", this.gateway.adminToken())) {
			long total = ledger.stream()
				.filter((line) -> line.path("client_id").asString().equals(client.path("id").asString()))
				.mapToLong((line) -> line.path("quantity").asLong())
				.sum();
			long unit = client.path("report").asString().equals("usage") ? 1 : client.path("billing_unit").asLong();
			if (total >= unit) {
				owed.put(client.path("stripe_customer_id").asString(), total / unit);
			}
		}
		return owed;
	}

}
