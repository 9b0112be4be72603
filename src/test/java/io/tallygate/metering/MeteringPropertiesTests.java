package io.tallygate.metering;

import java.util.HashMap;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

class MeteringPropertiesTests {

	@ParameterizedTest
	@CsvSource({ "2s, PT2S", "-1ms, PT-0.001S" })
	void entriesMayNotCollectForLongerThanTheEndOfAnAnswerWaits(String pause, String said) {
		assertThatThrownBy(() -> bound(Map.of("ledger-pause", pause))).isInstanceOf(BindException.class)
			.rootCause()
			.hasMessage("tallygate.metering.ledger-pause must be at least 0 and less than the close-wait-max of PT2S "
					+ "but was " + said);
	}

	@Test
	void whoeverWaitsForTheLedgerWaitsForNoPause() {
		assertThat(bound(Map.of("ledger-pause", "1s")).collecting()).hasSeconds(1);
		assertThat(bound(Map.of("ledger-pause", "1s", "close-durability", "ledger")).collecting()).isZero();
	}

	private static MeteringProperties bound(Map<String, String> properties) {
		Map<String, String> named = new HashMap<>();
		properties.forEach((name, value) -> named.put("tallygate.metering." + name, value));
		return new Binder(new MapConfigurationPropertySource(named)).bindOrCreate("tallygate.metering",
				MeteringProperties.class);
	}

}
