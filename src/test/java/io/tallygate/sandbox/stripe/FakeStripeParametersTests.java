package io.tallygate.sandbox.stripe;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import io.tallygate.core.Ids;
import io.tallygate.support.StripeParameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The fake Stripe serves calls of Stripe's only, and takes no parameter that Stripe does
 * not know: what it is sent and does not refuse, Stripe would not refuse for a name.
 */
class FakeStripeParametersTests {

	static Stream<Route> routes() {
		FakeStripeOptions options = FakeStripeOptions.in(Path.of("unused"));
		return new Desk(new Accounts(), new Faults(), options, new Ids(options.clock(), options.random())).routes()
			.stream();
	}

	@ParameterizedTest
	@MethodSource("routes")
	void itTakesWhatStripeTakes(Route route) {
		String call = route.method() + " " + route.path().replace("{id}", "{}");

		assertThat(StripeParameters.calls()).contains(call);
		assertThat(route.allowed().names().stream().map(FakeStripeParametersTests::example))
			.allSatisfy((name) -> assertThat(StripeParameters.wrongName(call, name)).as(name).isNull());
	}

	@Test
	void everyCallThatTheCheckerKnowsIsServed() {
		List<String> served = routes().map((route) -> route.method() + " " + route.path().replace("{id}", "{}"))
			.toList();

		assertThat(served).containsAll(StripeParameters.calls());
	}

	/** A name as it comes over the wire; of what is free below a name, the name alone. */
	private static String example(String allowed) {
		return allowed.replace("[**]", "").replace("[*]", "[any]").replace("[]", "[0]");
	}

}
