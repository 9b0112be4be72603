package io.tallygate.relay;

import java.time.Duration;
import java.time.InstantSource;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import io.tallygate.client.ChannelAccess;
import io.tallygate.client.KeyDirectory;
import io.tallygate.client.KeysUnavailable;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Who calls, by the channel key: the first one present of {@code Authorization: Bearer},
 * {@code x-api-key}, {@code api-key} and {@code x-goog-api-key}. The key goes no further
 * than here.
 */
final class Callers {

	private static final AsciiString[] OTHER_HEADERS = { AsciiString.cached("x-api-key"), AsciiString.cached("api-key"),
			AsciiString.cached("x-goog-api-key") };

	private static final Duration KEYS_RETRY_AFTER = Duration.ofSeconds(2);

	private static final String BEARER = "Bearer ";

	private final KeyDirectory keys;

	private final InstantSource clock;

	Callers(KeyDirectory keys, InstantSource clock) {
		this.keys = keys;
		this.clock = clock;
	}

	/**
	 * The bearer of the request's key.
	 * @throws ApiError (as the Mono's error) when there is none, or nothing is relayed
	 * for it
	 */
	Mono<ChannelAccess> identify(HttpHeaders headers) {
		String key = key(headers);
		if (key == null) {
			return Mono.error(ApiError.of(ApiError.Code.INVALID_API_KEY,
					"No API key: send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'"));
		}
		return this.keys.find(key)
			.onErrorMap(KeysUnavailable.class, Callers::unavailable)
			.switchIfEmpty(Mono.error(Callers::unknown))
			.map(this::active);
	}

	private static ApiError unknown() {
		return ApiError.of(ApiError.Code.INVALID_API_KEY, "The API key is not valid: unknown, revoked or expired");
	}

	/**
	 * A key that cannot be looked up is not called wrong: the client's SDK would give up
	 * on it.
	 */
	private static ApiError unavailable(KeysUnavailable error) {
		return ApiError.of(ApiError.Code.METERING_UNAVAILABLE, "The API key cannot be checked at the moment; try again",
				KEYS_RETRY_AFTER);
	}

	private ChannelAccess active(ChannelAccess access) {
		if (access.expiresAt() != null && !this.clock.instant().isBefore(access.expiresAt())) {
			throw unknown();
		}
		if (access.suspended() != null) {
			throw ApiError.of(ApiError.Code.CLIENT_SUSPENDED, "Nothing is relayed for this key: " + access.suspended());
		}
		return access;
	}

	/** The key as presented, {@code null} when there is none. */
	static @Nullable String key(HttpHeaders headers) {
		String authorization = headers.get(HttpHeaderNames.AUTHORIZATION);
		if (authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
			String token = authorization.substring(BEARER.length()).strip();
			if (!token.isEmpty()) {
				return token;
			}
		}
		for (AsciiString name : OTHER_HEADERS) {
			String value = headers.get(name);
			if (value != null && !value.isBlank()) {
				return value.strip();
			}
		}
		return null;
	}

}
