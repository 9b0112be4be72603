package io.tallygate.relay;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import io.tallygate.core.RequestId;
import io.tallygate.provider.Provider;
import io.tallygate.provider.ProviderKind;

/**
 * Which headers pass. To the provider go a few by name, and never who called or with
 * what; to the client comes everything that is not about the connection, a cookie, or
 * another host.
 */
final class RelayHeaders {

	/** Our own id of the request, on every answer. */
	static final AsciiString REQUEST_ID = AsciiString.cached("x-request-id");

	/** The provider's id of the same request. */
	static final AsciiString PROVIDER_REQUEST_ID = AsciiString.cached("x-provider-request-id");

	/** Those of a request that the provider is told. */
	private static final List<AsciiString> TO_PROVIDER = List.of(HttpHeaderNames.CONTENT_TYPE, HttpHeaderNames.ACCEPT,
			HttpHeaderNames.USER_AGENT, AsciiString.cached("openai-beta"));

	/**
	 * Those of an answer that stay behind: the connection's own, cookies, the length
	 * (Netty writes the one that is true), and what a browser would believe about our
	 * host although it was said of the provider's.
	 */
	private static final Set<String> NOT_TO_CLIENT = Set.of("connection", "keep-alive", "proxy-connection",
			"proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
			"content-length", "set-cookie", "set-cookie2", "alt-svc", "strict-transport-security",
			"access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers");

	private RelayHeaders() {
	}

	/** Fills the headers of a request to {@code provider}. */
	static void toProvider(HttpHeaders client, Provider provider, HttpHeaders to) {
		to.set(HttpHeaderNames.USER_AGENT, "tallygate");
		for (AsciiString name : TO_PROVIDER) {
			String value = client.get(name);
			if (value != null) {
				to.set(name, value);
			}
		}
		to.set(HttpHeaderNames.ACCEPT_ENCODING, "identity");
		authorize(provider, to);
	}

	/** Adds the agency's credential: this provider's own, for its own host. */
	static void authorize(Provider provider, HttpHeaders to) {
		if (provider.kind() == ProviderKind.AZURE_OPENAI) {
			to.set("api-key", provider.apiKey().reveal());
		}
		else {
			to.set(HttpHeaderNames.AUTHORIZATION, "Bearer " + provider.apiKey().reveal());
		}
	}

	/** Fills the headers of an answer from those of the provider's. */
	static void toClient(HttpHeaders provider, RequestId request, HttpHeaders to) {
		List<String> connection = provider.getAll(HttpHeaderNames.CONNECTION);
		for (Map.Entry<String, String> header : provider) {
			String name = header.getKey().toLowerCase(Locale.ROOT);
			if (name.equals("x-request-id")) {
				to.set(PROVIDER_REQUEST_ID, header.getValue());
			}
			else if (!NOT_TO_CLIENT.contains(name) && !names(connection, name)) {
				to.add(header.getKey(), header.getValue());
			}
		}
		to.set(REQUEST_ID, request.value());
	}

	private static boolean names(List<String> connection, String name) {
		for (String value : connection) {
			for (String token : value.split(",", -1)) {
				if (token.strip().equalsIgnoreCase(name)) {
					return true;
				}
			}
		}
		return false;
	}

}
