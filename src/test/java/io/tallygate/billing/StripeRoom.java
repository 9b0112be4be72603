package io.tallygate.billing;

import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;

import io.tallygate.agency.StripeConnections;
import io.tallygate.client.BilledClients;
import io.tallygate.client.ClientAlarms;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.SecretBox;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.support.StripeStubs;
import io.tallygate.support.TestServers;
import tools.jackson.databind.json.JsonMapper;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.test.context.support.TestPropertySourceUtils;
import org.springframework.util.ClassUtils;

/**
 * The rooms that deal with Stripe, furnished as in production, before a Stripe of ours.
 */
class StripeRoom implements AutoCloseable {

	static final AgencyId AGENCY = new AgencyId("agy_" + "0".repeat(Ids.BODY_LENGTH));

	private final StripeStubs stripe = new StripeStubs();

	private final TestServers.TestDatabase database = TestServers.database();

	private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

	StripeRoom(String... properties) {
		this.database.execute("insert into agency (id, name) values ('" + AGENCY + "', 'a')");
		TestPropertySourceUtils.addInlinedPropertiesToEnvironment(this.context,
				"tallygate.stripe.api-base=" + this.stripe.apiBase());
		TestPropertySourceUtils.addInlinedPropertiesToEnvironment(this.context, properties);
		this.context.registerBean(MeterRegistry.class, SimpleMeterRegistry::new);
		this.context.registerBean(Clock.class, Clock::systemUTC);
		this.context.registerBean(Ids.class, () -> new Ids(Clock.systemUTC(), new SecureRandom()));
		this.context.registerBean(Database.OfSystem.class, this.database::system);
		this.context.registerBean(Database.OfTenant.class, this.database::tenant);
		this.context.register(BilledClients.class, ClientAlarms.class,
				ClassUtils.resolveClassName("io.tallygate.client.Clients", null));
		this.context.registerBean(StripeConnections.class, () -> connections(this.database));
		// What works in the background, or is not asked for, needs none of the rooms that
		// it would need.
		this.context.addBeanFactoryPostProcessor(StripeRoom::removeWhatWorksByItself);
		this.context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor());
		this.context.scan("io.tallygate.stripe", "io.tallygate.billing");
		this.context.refresh();
	}

	private static void removeWhatWorksByItself(ConfigurableListableBeanFactory beans) {
		for (String name : beans.getBeanNamesForType(SmartLifecycle.class, true, false)) {
			((BeanDefinitionRegistry) beans).removeBeanDefinition(name);
		}
	}

	static StripeConnections connections(TestServers.TestDatabase database) {
		return new StripeConnections(database.system(), database.tenant(), new SecretBox(List.of(new byte[32])),
				JsonMapper.builder().build(), Clock.systemUTC());
	}

	StripeStubs stripe() {
		return this.stripe;
	}

	TestServers.TestDatabase database() {
		return this.database;
	}

	StripeConnecting connecting() {
		return this.context.getBean(StripeConnecting.class);
	}

	StripeTermsGuard guard() {
		return this.context.getBean(StripeTermsGuard.class);
	}

	StripeCatalogue catalogue() {
		return this.context.getBean(StripeCatalogue.class);
	}

	@Override
	public void close() {
		this.context.close();
		this.stripe.close();
	}

}
