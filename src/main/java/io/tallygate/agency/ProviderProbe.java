package io.tallygate.agency;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.tallygate.provider.Provider;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.stereotype.Component;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.WebClientException;
import reactor.core.publisher.Mono;

/** Tries a provider's address and key by listing its models, which costs nothing. */
@Component
class ProviderProbe {

	private static final Duration TIMEOUT = Duration.ofSeconds(10);

	private static final int BODY_BYTES_MAX = 1024 * 1024;

	private final ProviderHosts hosts;

	private final WebClient http = WebClient.builder()
		.codecs((codecs) -> codecs.defaultCodecs().maxInMemorySize(BODY_BYTES_MAX))
		.build();

	ProviderProbe(ProviderHosts hosts) {
		this.hosts = hosts;
	}

	/**
	 * What came of it.
	 *
	 * @param ok whether the provider answered with success
	 * @param status its HTTP status, if it answered
	 * @param latencyMs until the end of its answer
	 * @param error what is wrong, in a sentence
	 */
	@JsonInclude(JsonInclude.Include.NON_NULL)
	record Result(boolean ok, @Nullable Integer status, long latencyMs, @Nullable String error) {
	}

	/** The host is checked again: a name can lead elsewhere than when it was entered. */
	Mono<Result> test(Provider provider) {
		return this.hosts.check(provider.baseUrl())
			.then(this.http.get()
				.uri(URI.create(provider.baseUrl() + "/models"))
				.headers((headers) -> headers.setBearerAuth(provider.apiKey().reveal()))
				.exchangeToMono(ProviderProbe::judged))
			.timeout(TIMEOUT)
			.onErrorResume(WebClientException.class, (error) -> failed("The provider cannot be reached"))
			.onErrorResume(IOException.class, (error) -> failed("The provider broke off its answer"))
			.onErrorResume(TimeoutException.class,
					(error) -> failed("No complete answer within " + TIMEOUT.toSeconds() + " s"))
			.onErrorResume(DataBufferLimitException.class,
					(error) -> failed("The answer is larger than " + BODY_BYTES_MAX + " bytes"))
			.elapsed()
			.map((timed) -> new Result(timed.getT2().ok(), timed.getT2().status(), timed.getT1(),
					timed.getT2().error()));
	}

	private static Mono<Result> judged(ClientResponse response) {
		int status = response.statusCode().value();
		String error = switch (status) {
			case 401, 403 -> "The provider refused the API key";
			case 404 -> "There is nothing at {base_url}/models: does base_url end with the version path, such as /v1?";
			default -> response.statusCode().is2xxSuccessful() ? null : "The provider answered " + status;
		};
		return response.bodyToMono(byte[].class).then(Mono.just(new Result(error == null, status, 0, error)));
	}

	private static Mono<Result> failed(String error) {
		return Mono.just(new Result(false, null, 0, error));
	}

}
