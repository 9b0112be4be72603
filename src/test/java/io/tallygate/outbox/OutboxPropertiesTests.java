package io.tallygate.outbox;

import java.util.Map;

import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class OutboxPropertiesTests {

	@Test
	void unitsMayCollectForNoTimeAtAllButNotForLess() {
		assertThat(bound("cut-rest", "0ms").cutRest()).isZero();
		assertThatThrownBy(() -> bound("cut-rest", "-1ms")).isInstanceOf(BindException.class)
			.rootCause()
			.hasMessage("tallygate.outbox.cut-rest must be at least 0 but was PT-0.001S");
	}

	@Test
	void restsMayBeNone() {
		assertThat(bound("rest-max", "0s").restMax()).isZero();
		assertThat(bound("claim-rest", "0s").claimRest()).isZero();
	}

	@Test
	void aCallIsGivenUpWhileItsMeterEventIsStillOurs() {
		assertThatThrownBy(() -> bound("call-timeout", "60s")).isInstanceOf(BindException.class)
			.rootCause()
			.hasMessage("tallygate.outbox.call-timeout must be less than the lease of PT1M but was PT1M");
	}

	private static OutboxProperties bound(String name, String value) {
		return new Binder(new MapConfigurationPropertySource(Map.of("tallygate.outbox." + name, value)))
			.bindOrCreate("tallygate.outbox", OutboxProperties.class);
	}

}
