package io.tallygate.outbox;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class RemedyTests {

	@ParameterizedTest
	@CsvSource({ "customer: meter_event_customer_not_found, another customer", "meter: archived_meter, Reactivate",
			"age: timestamp_in_future, clocks", "age: timestamp_too_far_in_past, by hand", "too_old, by hand",
			"doubt, summaries", "missing, successor", "value: meter_event_invalid_value, last_error" })
	void whatIsParkedHasARemedy(String reason, String words) {
		assertThat(Remedy.of(reason)).contains(words);
	}

	@Test
	void whatAPersonGaveUpHasNone() {
		assertThat(Remedy.of(Delivery.DISCARDED)).isNull();
		assertThat(Remedy.of(null)).isNull();
	}

}
