package io.tallygate.relay;

import java.time.Duration;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.metering.Admission.RateStanding;
import io.tallygate.metering.Admission.Rates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** By what OpenAI's clients pace themselves. */
class RateHeadersTests {

	private static final RateStanding REQUESTS = new RateStanding(60, 40, Duration.ofSeconds(20));

	private static final RateStanding TOKENS = new RateStanding(90_000, 1000, Duration.ofMillis(59_340));

	private final HttpHeaders headers = new DefaultHttpHeaders();

	@ParameterizedTest
	@CsvSource({ "0, 0s", "1, 1ms", "999, 999ms", "1000, 1s", "1500, 1.5s", "59340, 59.34s", "60000, 1m0s",
			"61001, 1m1.001s", "360000, 6m0s", "3600000, 1h0m0s", "5025000, 1h23m45s" })
	void durationsAreWrittenAsGoWritesThem(long millis, String text) {
		assertThat(RateHeaders.text(Duration.ofMillis(millis))).isEqualTo(text);
	}

	@Test
	void aClientIsToldHowEachOfItsRatesStands() {
		RateHeaders.write(new Rates(REQUESTS, TOKENS), this.headers);

		assertThat(this.headers.get("x-ratelimit-limit-requests")).isEqualTo("60");
		assertThat(this.headers.get("x-ratelimit-remaining-requests")).isEqualTo("40");
		assertThat(this.headers.get("x-ratelimit-reset-requests")).isEqualTo("20s");
		assertThat(this.headers.get("x-ratelimit-limit-tokens")).isEqualTo("90000");
		assertThat(this.headers.get("x-ratelimit-remaining-tokens")).isEqualTo("1000");
		assertThat(this.headers.get("x-ratelimit-reset-tokens")).isEqualTo("59.34s");
	}

	@Test
	void whoHasNoRatesIsToldNothing() {
		RateHeaders.write(Rates.NONE, this.headers);

		assertThat(this.headers).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "39, true", "40, false", "41, false", "many, false", "-1, true" })
	void ofAProvidersRateAndOursTheOneThatLeavesLessIsTold(String remaining, boolean isTheirs) {
		this.headers.set("x-ratelimit-limit-requests", "5000");
		this.headers.set("x-ratelimit-remaining-requests", remaining);
		this.headers.set("x-ratelimit-reset-requests", "12ms");
		this.headers.set("x-ratelimit-limit-project-tokens", "7");

		RateHeaders.write(new Rates(REQUESTS, null), this.headers);

		assertThat(this.headers.get("x-ratelimit-limit-requests")).isEqualTo(isTheirs ? "5000" : "60");
		assertThat(this.headers.get("x-ratelimit-remaining-requests")).isEqualTo(isTheirs ? remaining : "40");
		assertThat(this.headers.get("x-ratelimit-reset-requests")).isEqualTo(isTheirs ? "12ms" : "20s");
		assertThat(this.headers.get("x-ratelimit-limit-project-tokens")).isEqualTo("7");
	}

}
