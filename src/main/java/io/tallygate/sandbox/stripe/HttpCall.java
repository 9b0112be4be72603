package io.tallygate.sandbox.stripe;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

import org.jspecify.annotations.Nullable;

/**
 * A call as it came over the wire.
 *
 * @param authorization the header, Bearer or Basic
 * @param chosenId the id that a seed wants for what it creates
 * @param hold on the lane that the call occupies until it is answered
 * @param origin how the caller reached us: scheme, host and port
 */
record HttpCall(String method, String path, String query, String body, @Nullable String authorization,
		@Nullable String idempotencyKey, @Nullable String stripeVersion, @Nullable String chosenId, LaneHold hold,
		String origin) {

	/** What is asked for: a form, or JSON where the newer API takes it. */
	Params params() {
		boolean isJson = this.path.startsWith("/v2/") && !this.body.isBlank();
		return isJson ? Params.parseJson(this.query, this.body) : Params.parse(this.query, this.body);
	}

	/** The key that the call was signed with, empty if there is none. */
	String key() {
		if (this.authorization == null) {
			return "";
		}
		int space = this.authorization.indexOf(' ');
		String scheme = (space < 0) ? "" : this.authorization.substring(0, space);
		String credentials = this.authorization.substring(space + 1).strip();
		if (scheme.equalsIgnoreCase("Bearer")) {
			return credentials;
		}
		return scheme.equalsIgnoreCase("Basic") ? userOf(credentials) : "";
	}

	private static String userOf(String credentials) {
		try {
			String pair = new String(Base64.getDecoder().decode(credentials), StandardCharsets.UTF_8);
			return pair.contains(":") ? pair.substring(0, pair.indexOf(':')) : pair;
		}
		catch (IllegalArgumentException ex) {
			return "";
		}
	}

}
