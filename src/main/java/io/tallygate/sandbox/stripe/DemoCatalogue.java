package io.tallygate.sandbox.stripe;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the demo agency has in Stripe: one product, three ways to charge for it, and three
 * customers with a subscription to one of them each. All ids stay the same for ever.
 *
 * @param key of the account
 * @param productId "Alpaca AI"
 * @param tokens tokens as they are, in packages of a thousand at 4 cents: Stripe divides
 * @param units units that somebody else has divided, at 10 cents each
 * @param messages messages, at 2 cents each
 * @param customers of the agency
 */
public record DemoCatalogue(SandboxKey key, String productId, Charge tokens, Charge units, Charge messages,
		List<Customer> customers) {

	/** The key of the demo agency's account, the same in every sandbox. */
	public static final SandboxKey KEY = SandboxKey.secret(SandboxKey.SECRET_PREFIX + "alpaca_agency_demo",
			"acct_sandbox_alpaca", "Alpaca Agency");

	private static final DemoCatalogue CATALOGUE = catalogue();

	public DemoCatalogue {
		customers = List.copyOf(customers);
	}

	/**
	 * A meter and the price that is attached to it.
	 *
	 * @param meterId {@code mtr_…}
	 * @param eventName by which usage is reported
	 * @param displayName what people call the meter
	 * @param priceId {@code price_…}
	 * @param unitAmount cents
	 * @param packageSize what Stripe divides by before it multiplies, 1 if it does not
	 */
	public record Charge(String meterId, String eventName, String displayName, String priceId, long unitAmount,
			long packageSize) {
	}

	/**
	 * A customer with a subscription.
	 *
	 * @param id {@code cus_…}
	 * @param charge what its subscription is to
	 */
	public record Customer(String id, String name, String email, String subscriptionId, Charge charge) {
	}

	/** The ids of what {@link FakeStripeOptions#withDemo()} makes sure is there. */
	public static DemoCatalogue get() {
		return CATALOGUE;
	}

	private static DemoCatalogue catalogue() {
		Charge tokens = new Charge("mtr_sandbox_alpaca_tokens", "alpaca_ai_tokens", "Alpaca AI tokens",
				"price_sandbox_alpaca_tokens_package", 4, 1_000);
		Charge units = new Charge("mtr_sandbox_alpaca_units", "alpaca_ai_units", "Alpaca AI units",
				"price_sandbox_alpaca_units", 10, 1);
		Charge messages = new Charge("mtr_sandbox_alpaca_messages", "alpaca_ai_messages", "Alpaca AI messages",
				"price_sandbox_alpaca_messages", 2, 1);
		return new DemoCatalogue(KEY, "prod_sandbox_alpaca_ai", tokens, units, messages,
				List.of(customer("acme_dental", "Acme Dental", units),
						customer("bolt_fitness", "Bolt Fitness", messages),
						customer("chatty_ltd", "Chatty Ltd", tokens)));
	}

	private static Customer customer(String slug, String name, Charge charge) {
		return new Customer("cus_sandbox_" + slug, name, "billing@" + slug.replace('_', '-') + ".example",
				"sub_sandbox_" + slug, charge);
	}

	/** Everything above, in the order in which it can be made. */
	static List<Seed> seeds() {
		List<Seed> seeds = new ArrayList<>();
		seeds.add(seed("/v1/products", CATALOGUE.productId,
				Map.of("name", "Alpaca AI", "description", "AI assistants, billed by use")));
		for (Charge charge : List.of(CATALOGUE.tokens, CATALOGUE.units, CATALOGUE.messages)) {
			seeds.add(seed("/v1/billing/meters", charge.meterId, Map.of("display_name", charge.displayName,
					"event_name", charge.eventName, "default_aggregation[formula]", "sum")));
			seeds.add(seed("/v1/prices", charge.priceId, price(charge)));
		}
		for (Customer customer : CATALOGUE.customers) {
			seeds.add(seed("/v1/customers", customer.id, Map.of("name", customer.name, "email", customer.email)));
			seeds.add(seed("/v1/subscriptions", customer.subscriptionId, Map.of("customer", customer.id,
					"items[0][price]", customer.charge.priceId, "payment_behavior", "default_incomplete")));
		}
		return seeds;
	}

	private static Map<String, String> price(Charge charge) {
		Map<String, String> form = new HashMap<>(Map.of("product", CATALOGUE.productId, "currency", "usd", "nickname",
				charge.displayName, "unit_amount", Long.toString(charge.unitAmount), "recurring[interval]", "month",
				"recurring[usage_type]", "metered", "recurring[meter]", charge.meterId));
		if (charge.packageSize > 1) {
			form.put("transform_quantity[divide_by]", Long.toString(charge.packageSize));
			form.put("transform_quantity[round]", "up");
		}
		return form;
	}

	private static Seed seed(String path, String id, Map<String, String> form) {
		return new Seed(KEY, path, id, form);
	}

}
