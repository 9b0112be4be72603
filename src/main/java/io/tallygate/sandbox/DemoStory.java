package io.tallygate.sandbox;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.Report;

/**
 * Who the demo is about: an agency, its provider, and three clients that show the three
 * ways to charge.
 *
 * @param agency the agency's name
 * @param stripeKey its key at the sandbox's Stripe
 * @param providerUrl where the sandbox's model provider is
 * @param providerKey the key to that
 * @param model a model of that
 * @param clients whom it bills
 */
record DemoStory(String agency, String stripeKey, String providerUrl, String providerKey, String model,
		List<Client> clients) {

	DemoStory {
		clients = List.copyOf(clients);
	}

	/**
	 * One client of the demo.
	 *
	 * @param nickname the agency's name for it
	 * @param chargeBy what is counted
	 * @param billingUnit how many make a unit
	 * @param report who divides
	 * @param customer the client at the sandbox's Stripe
	 * @param product what is sold
	 * @param price at what price
	 * @param questions what it asks, once each
	 */
	record Client(String nickname, ChargeBy chargeBy, long billingUnit, Report report, String customer, String product,
			String price, List<String> questions) {

		Client {
			questions = List.copyOf(questions);
		}

		/** The body of {@code POST /clients}. */
		Map<String, Object> body() {
			Map<String, Object> body = new LinkedHashMap<>();
			body.put("nickname", this.nickname);
			body.put("platform", "api");
			body.put("channel_name", "Website assistant");
			body.put("charge_by", this.chargeBy.text());
			body.put("billing_unit", this.billingUnit);
			body.put("report", this.report.text());
			body.put("stripe_customer_id", this.customer);
			body.put("stripe_product_id", this.product);
			body.put("stripe_price_id", this.price);
			return body;
		}

	}

	@Override
	public String toString() {
		return "DemoStory[agency=" + this.agency + "]";
	}

	/** The body of {@code PUT /stripe_connection}. */
	Map<String, Object> stripeConnection() {
		return Map.of("secret_key", this.stripeKey);
	}

	/** The body of {@code POST /providers}. */
	Map<String, Object> provider() {
		return Map.of("name", "Sandbox models", "kind", "openai_compatible", "base_url", this.providerUrl, "api_key",
				this.providerKey, "models", List.of("fake-*", "fake:*"), "default", true);
	}

	/** The body of {@code POST /v1/chat/completions}. */
	Map<String, Object> chat(String question) {
		return Map.of("model", this.model, "messages", List.of(Map.of("role", "user", "content", question)));
	}

}
