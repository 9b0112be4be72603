package io.tallygate.stripe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

import io.tallygate.support.StripeParameters;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** The checker knows what Stripe knows, and nothing else. */
class StripeParametersTests {

	/** Read from the library's sources by other means; it stands beside the project. */
	private static final Path LIST = Path.of("../shared/stripe/request-params-from-stripe-java-33.3.0.json");

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			POST   | /v1/products | name=AI&metadata[any]=1&expand[0]=default_price
			POST   | /v1/prices   | recurring[interval]=month&recurring[meter]=mtr_1&unit_amount_decimal=0.004
			POST   | /v1/prices   | transform_quantity[divide_by]=1000&transform_quantity[round]=up
			POST   | /v1/prices   | tiers[0][up_to]=inf&tiers[0][unit_amount]=1&tiers[][flat_amount]=2
			POST   | /v1/billing/meter_events | payload[stripe_customer_id]=cus_1&payload[value]=1&timestamp=5
			POST   | /v1/subscriptions | items[0][price]=p&payment_settings[save_default_payment_method]=on_subscription
			GET    | /v1/customers/search | query=x
			GET    | /v1/customers/cus_1 | expand%5B0%5D=sources
			DELETE | /v1/products/prod_1 |
			""")
	void whatStripeKnowsPasses(String method, String path, String form) {
		assertThat(StripeParameters.unknown(method, path, (form != null) ? form : "")).isEmpty();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			POST | /v1/products | nmae=AI
			POST | /v1/prices   | recurring[intervall]=month
			POST | /v1/prices   | recurring[interval]=monthly
			POST | /v1/prices   | unit_amount=4.5
			POST | /v1/prices   | transform_quantity[divide]=1000
			POST | /v1/prices   | tiers[first][up_to]=1
			POST | /v1/subscriptions | items[0][prize]=p
			POST | /v1/subscriptions | payment_behavior=incomplete
			POST | /v1/billing/meters | metadata[x]=1
			GET  | /v1/products | active=yes
			GET  | /v1/products/prod_1 | limit=1
			POST | /v1/charges | amount=1
			POST | /v1/products/prod_1/delete |
			""")
	void whatStripeDoesNotKnowIsNamed(String method, String path, String form) {
		assertThat(StripeParameters.unknown(method, path, (form != null) ? form : "")).hasSize(1);
	}

	@Test
	void itAgreesWithTheListThatWasReadFromTheSources() throws IOException {
		Assumptions.assumeTrue(Files.exists(LIST),
				"No list at " + LIST.toAbsolutePath().normalize() + ": the library's classes alone are believed");
		JsonNode operations = JsonMapper.shared().readTree(Files.readString(LIST)).path("operations");
		int compared = 0;

		for (String call : StripeParameters.calls()) {
			JsonNode listed = operations.path(call.replace("{}", "{id}")).path("classes");
			if (!listed.isEmpty()) {
				compared++;
				String root = listed.propertyNames().iterator().next();
				Set<String> names = new TreeSet<>(listed.path(root).propertyNames());
				assertThat(StripeParameters.names(call)).as(call).isEqualTo(names);
				JsonNode enums = operations.path(call.replace("{}", "{id}")).path("enums");
				for (String name : names) {
					String type = listed.path(root).path(name).path("type").asString("");
					Set<String> words = new TreeSet<>();
					enums.path(root + "." + type).forEach((word) -> words.add(word.asString()));
					if (!words.isEmpty()) {
						assertThat(StripeParameters.words(call, name)).as(call + " " + name).isEqualTo(words);
					}
				}
			}
		}

		assertThat(compared).isGreaterThan(15);
	}

}
