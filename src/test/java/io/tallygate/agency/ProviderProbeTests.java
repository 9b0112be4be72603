package io.tallygate.agency;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.tallygate.core.Ids;
import io.tallygate.core.ProviderId;
import io.tallygate.core.Secret;
import io.tallygate.provider.Provider;
import io.tallygate.provider.ProviderKind;
import io.tallygate.support.ScriptedProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.Disposable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What an agency is told of its provider, whatever that answers. Netty's detector watches
 * that no answer leaves a buffer behind.
 */
class ProviderProbeTests {

	private static final int BYTES = 20_000;

	private static final int TOO_LARGE_BYTES = 4 * 1024 * 1024;

	private final ScriptedProvider provider = new ScriptedProvider();

	private final ProviderProbe probe = new ProviderProbe(
			new ProviderHosts(new AgencyProperties(null, Duration.ZERO, Duration.ZERO, true, List.of())));

	@AfterEach
	void close() {
		this.provider.close();
	}

	@ParameterizedTest
	@CsvSource({ "200,", "401,The provider refused the API key", "500,The provider answered 500",
			"404,'There is nothing at {base_url}/models: does base_url end with the version path, such as /v1?'" })
	void aStatusIsToldInASentence(int status, String error) {
		this.provider.answers(ScriptedProvider.json(status, "{\"data\":[]}"));

		assertThat(result().status()).isEqualTo(status);
		assertThat(result().error()).isEqualTo(error);
	}

	@Test
	void anAnswerThatIsTooLargeIsNotReadToItsEnd() {
		this.provider.answers(ScriptedProvider.json(halves(TOO_LARGE_BYTES)).stallingAfter(2));

		assertThat(result().error()).isEqualTo("The answer is larger than 1048576 bytes");
		await().until(() -> this.provider.aborted() == 1);
	}

	@Test
	void anAnswerThatIsCutOffIsNone() {
		this.provider.answers(ScriptedProvider.json(halves(BYTES)).abortingAfter(2));

		assertThat(result()).matches((result) -> !result.ok())
			.extracting(ProviderProbe.Result::error)
			.isEqualTo("The provider broke off its answer");
	}

	@Test
	void whoeverWaitsNoLongerHangsUp() {
		this.provider.answers(ScriptedProvider.json(halves(BYTES)).stallingAfter(2));
		Disposable waiting = this.probe.test(provider()).subscribe();
		await().until(() -> this.provider.written() > 0);

		waiting.dispose();

		await().until(() -> this.provider.aborted() == 1);
	}

	private ProviderProbe.Result result() {
		return this.probe.test(provider()).block(Duration.ofSeconds(20));
	}

	private static List<byte[]> halves(int bytes) {
		byte[] half = "x".repeat(bytes / 2).getBytes(StandardCharsets.US_ASCII);
		return List.of(half, half);
	}

	private Provider provider() {
		return new Provider(new ProviderId("prv_" + "0".repeat(Ids.BODY_LENGTH)), "Models",
				ProviderKind.OPENAI_COMPATIBLE, URI.create(this.provider.baseUrl()), Secret.of("sk-of-a-test"),
				List.of(), true, Duration.ofSeconds(5), true, Instant.EPOCH);
	}

}
