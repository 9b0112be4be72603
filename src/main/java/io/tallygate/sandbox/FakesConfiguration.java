package io.tallygate.sandbox;

import java.util.List;
import java.util.function.Supplier;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.Report;
import io.tallygate.core.Secret;
import io.tallygate.sandbox.provider.FakeProvider;
import io.tallygate.sandbox.provider.FakeProviderOptions;
import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;
import reactor.netty.ChannelBindException;

import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The fake provider, the fake Stripe, and the demo that uses both. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBooleanProperty("tallygate.sandbox")
class FakesConfiguration {

	/** No secret: it opens a provider that everybody has. */
	private static final Secret PROVIDER_KEY = Secret.of("sk-sandbox-models");

	private static final List<String> QUESTIONS = List.of("When are you open?", "Can I move my appointment to Friday?",
			"What does it cost, and may I pay by card?", "Thank you!");

	@Bean
	FakeProvider fakeProvider(SandboxProperties properties) {
		int port = properties.providerPort();
		return listening(port, () -> FakeProvider.start(FakeProviderOptions.of(PROVIDER_KEY).withPort(port)));
	}

	@Bean
	FakeStripe fakeStripe(SandboxProperties properties, DataDirectory directory) {
		int port = properties.stripePort();
		return listening(port,
				() -> FakeStripe.start(FakeStripeOptions.in(directory.directory("stripe")).withPort(port).withDemo()));
	}

	@Bean
	@ConditionalOnBooleanProperty(name = "tallygate.sandbox-demo", matchIfMissing = true)
	DemoStory demoStory(FakeProvider provider) {
		DemoCatalogue stripe = DemoCatalogue.get();
		return new DemoStory("Alpaca Agency", stripe.key().secret().reveal(), provider.baseUrl().toString(),
				PROVIDER_KEY.reveal(), "fake-small",
				stripe.customers().stream().map((customer) -> client(stripe, customer)).toList());
	}

	/** The charge of the customer's subscription decides how the client is charged. */
	private static DemoStory.Client client(DemoCatalogue stripe, DemoCatalogue.Customer customer) {
		boolean byMessages = customer.charge().equals(stripe.messages());
		boolean byPackage = customer.charge().equals(stripe.tokens());
		return new DemoStory.Client(customer.name(), byMessages ? ChargeBy.MESSAGES : ChargeBy.TOKENS,
				byMessages ? 1 : 1000, byPackage ? Report.USAGE : Report.UNITS, customer.id(), stripe.productId(),
				customer.charge().priceId(), QUESTIONS);
	}

	private static <T> T listening(int port, Supplier<T> start) {
		try {
			return start.get();
		}
		catch (RuntimeException ex) {
			for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
				if (cause instanceof ChannelBindException) {
					throw new PortInUseException(port, ex);
				}
			}
			throw ex;
		}
	}

}
