package io.tallygate.relay;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** The errors that apps branch on. */
class ApiErrorTests {

	@ParameterizedTest
	@CsvSource(textBlock = """
			INVALID_API_KEY, 401, invalid_request_error
			CLIENT_SUSPENDED, 402, billing_error
			USAGE_CAP_REACHED, 402, billing_error
			RATE_LIMIT_EXCEEDED, 429, rate_limit_error
			MODEL_NOT_ALLOWED, 403, permission_error
			UNKNOWN_PATH, 404, invalid_request_error
			MODEL_NOT_FOUND, 404, invalid_request_error
			REQUEST_TOO_LARGE, 413, invalid_request_error
			INVALID_JSON, 400, invalid_request_error
			MISSING_MODEL, 400, invalid_request_error
			BACKGROUND_NOT_SUPPORTED, 400, invalid_request_error
			PROVIDER_UNREACHABLE, 502, server_error
			PROVIDER_BAD_RESPONSE, 502, server_error
			PROVIDER_TIMEOUT, 504, server_error
			PROVIDER_UNAVAILABLE, 503, server_error
			METERING_UNAVAILABLE, 503, server_error
			""")
	void everyCodeHasItsStatusAndType(ApiError.Code code, int status, String type) {
		ApiError error = ApiError.of(code, "Why", "field");

		JsonNode json = new JsonMapper().readTree(error.body()).path("error");
		assertThat(error.status()).isEqualTo(status);
		assertThat(json.path("type").stringValue()).isEqualTo(type);
		assertThat(json.path("code").stringValue()).isEqualTo(code.text());
		assertThat(json.path("message").stringValue()).isEqualTo("Why");
		assertThat(json.path("param").stringValue()).isEqualTo("field");
	}

	@Test
	void appsAreToldNotToTryAgainWithABadKey() {
		assertThat(headers(ApiError.of(ApiError.Code.INVALID_API_KEY, "x")).get("x-should-retry")).isEqualTo("false");
		assertThat(headers(ApiError.of(ApiError.Code.CLIENT_SUSPENDED, "x")).get("x-should-retry")).isEqualTo("false");
		assertThat(headers(ApiError.of(ApiError.Code.USAGE_CAP_REACHED, "x")).get("x-should-retry")).isEqualTo("false");
	}

	@Test
	void appsAreToldWhenToComeBack() {
		HttpHeaders headers = headers(ApiError.of(ApiError.Code.METERING_UNAVAILABLE, "x", Duration.ofMillis(1500)));

		assertThat(headers.get("retry-after")).isEqualTo("2");
		assertThat(headers.get("retry-after-ms")).isEqualTo("1500");
	}

	@Test
	void theEventOfABrokenStreamStandsAloneWhereverTheProviderBrokeOff() {
		String event = new String(ApiError.of(ApiError.Code.PROVIDER_BAD_RESPONSE, "x").event(),
				StandardCharsets.UTF_8);

		assertThat(event).startsWith("\n\ndata: {\"error\":{").endsWith("}}\n\n");
	}

	private static HttpHeaders headers(ApiError error) {
		HttpHeaders headers = new DefaultHttpHeaders();
		error.writeHeaders(headers);
		return headers;
	}

}
