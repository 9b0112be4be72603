package io.tallygate.stripe;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

import com.stripe.net.Webhook;
import io.tallygate.core.Secret;
import io.tallygate.stripe.WebhookSignature.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Our own look at signatures agrees with the library's way of making them. */
class WebhookSignatureTests {

	private static final Instant NOW = Instant.parse("2026-03-10T12:30:00Z");

	private static final Secret OURS = Secret.of("whsec_one_of_the_agency");

	private static final Secret OTHER = Secret.of("whsec_of_somebody_else");

	private static final String BODY = "{\"id\":\"evt_1\",\"text\":\"ünïcode\"}";

	@ParameterizedTest
	@CsvSource({ "0, GENUINE", "-300, GENUINE", "300, GENUINE", "-301, STALE", "301, STALE", "-86400, STALE",
			"86400, STALE" })
	void aSignatureHoldsForFiveMinutesBothWays(long seconds, Verdict verdict) throws Exception {
		String header = signed(OURS, NOW.plusSeconds(seconds));

		assertThat(judge(header, BODY, List.of(OURS))).isEqualTo(verdict);
	}

	@Test
	void anyOfSeveralSecretsWillDo() throws Exception {
		assertThat(judge(signed(OURS, NOW), BODY, List.of(OTHER, OURS))).isEqualTo(Verdict.GENUINE);
		assertThat(judge(signed(OTHER, NOW), BODY, List.of(OURS))).isEqualTo(Verdict.FORGED);
	}

	@Test
	void withoutASecretNothingIsGenuine() throws Exception {
		assertThat(judge(signed(OURS, NOW), BODY, List.of())).isEqualTo(Verdict.FORGED);
	}

	@Test
	void anyOfSeveralSignaturesWillDo() throws Exception {
		String both = signed(OTHER, NOW) + "," + signed(OURS, NOW).replaceFirst("t=\\d+,", "");

		assertThat(judge(both, BODY, List.of(OURS))).isEqualTo(Verdict.GENUINE);
	}

	@Test
	void aBodyThatWasTouchedIsForged() throws Exception {
		assertThat(judge(signed(OURS, NOW), BODY + " ", List.of(OURS))).isEqualTo(Verdict.FORGED);
	}

	@Test
	void aTimeThatWasTouchedIsForged() throws Exception {
		String header = signed(OURS, NOW).replaceFirst("t=\\d+", "t=" + NOW.plusSeconds(1).getEpochSecond());

		assertThat(judge(header, BODY, List.of(OURS))).isEqualTo(Verdict.FORGED);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "null", value = { "null", "''", "t=1", "v1=ab", "t=1,v1=xyz", "t=x,v1=%s",
			"t=,v1=%s", "t=-5,v1=%s", "t=1,t=1,v1=%s", "t=999999999999,v1=%s", "t=1;v1=%s", "t=1,v0=%s" })
	void whatIsNoSignatureIsMalformed(String header) {
		String filled = (header != null) ? header.formatted("0".repeat(64)) : null;

		assertThat(judge(filled, BODY, List.of(OURS))).isEqualTo(Verdict.MALFORMED);
	}

	@Test
	void aHeaderWithoutEndIsNotRead() {
		assertThat(judge("t=1" + ",v1=" + "0".repeat(64) + ",x".repeat(5_000), BODY, List.of(OURS)))
			.isEqualTo(Verdict.MALFORMED);
		assertThat(judge("t=1" + (",v1=" + "0".repeat(64)).repeat(9), BODY, List.of(OURS)))
			.isEqualTo(Verdict.MALFORMED);
	}

	private static String signed(Secret secret, Instant at) throws Exception {
		return Webhook.Signature.generateSignatureHeader(BODY, secret.reveal(), at.getEpochSecond());
	}

	private static Verdict judge(String header, String body, List<Secret> secrets) {
		return WebhookSignature.judge(header, body.getBytes(StandardCharsets.UTF_8), secrets, NOW);
	}

}
