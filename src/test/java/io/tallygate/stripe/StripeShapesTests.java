package io.tallygate.stripe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import com.stripe.net.ApiResource;
import com.stripe.model.Customer;
import com.stripe.model.Price;
import com.stripe.model.Product;
import com.stripe.model.SetupIntent;
import com.stripe.model.StripeObject;
import com.stripe.model.Subscription;
import com.stripe.model.billing.Meter;
import com.stripe.model.checkout.Session;
import io.tallygate.support.StripeShapes;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** The stubs' objects have the shapes of Stripe's own samples. */
class StripeShapesTests {

	/**
	 * Samples that Stripe publishes of all its objects; they stand beside the project.
	 */
	private static final Path SAMPLES = Path.of("../shared/stripe/fixtures3.json");

	private static final Map<String, Class<? extends StripeObject>> SHAPES = Map.of(StripeShapes.METER, Meter.class,
			StripeShapes.PRODUCT, Product.class, StripeShapes.PRICE, Price.class, StripeShapes.CUSTOMER, Customer.class,
			StripeShapes.SETUP_INTENT, SetupIntent.class, StripeShapes.SUBSCRIPTION, Subscription.class,
			StripeShapes.CHECKOUT, Session.class, StripeShapes.PORTAL_SESSION,
			com.stripe.model.billingportal.Session.class);

	@Test
	void theLibraryReadsThem() {
		SHAPES.forEach((json, type) -> assertThat(ApiResource.GSON.fromJson(json, type).toJson())
			.contains("\"object\": \"" + JsonMapper.shared().readTree(json).path("object").asString() + "\""));
	}

	@Test
	void noFieldHasAnotherNameThanInStripesSamples() throws IOException {
		Assumptions.assumeTrue(Files.exists(SAMPLES),
				"No samples at " + SAMPLES.toAbsolutePath().normalize() + ": the shapes are not compared with them");
		JsonNode samples = JsonMapper.shared().readTree(Files.readString(SAMPLES)).path("resources");

		for (String json : SHAPES.keySet()) {
			JsonNode shape = JsonMapper.shared().readTree(json);
			JsonNode sample = samples.path(shape.path("object").asString());
			assertThat(sample.isMissingNode()).isFalse();
			Set<String> invented = new TreeSet<>(shape.propertyNames());
			invented.removeAll(Set.copyOf(sample.propertyNames()));
			assertThat(invented).as(shape.path("object").asString()).isEmpty();
			for (String name : shape.propertyNames()) {
				assertSameKind(name, shape.path(name), sample.path(name));
			}
		}
	}

	/** What may be null, an id or the object itself is not told apart by a sample. */
	private static void assertSameKind(String name, JsonNode shape, JsonNode sample) {
		boolean isKnown = !shape.isNull() && !sample.isNull();
		boolean isExpandable = shape.isObject() && sample.isString() || shape.isString() && sample.isObject();
		if (isKnown && !isExpandable) {
			assertThat(shape.getNodeType()).as(name).isEqualTo(sample.getNodeType());
		}
	}

}
