package io.tallygate.agency;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import io.tallygate.core.Problem;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Where an agency's provider may be: on the public internet, over https. Anything else
 * would let an agency reach through the gateway into the network that it stands in.
 */
@Component
class ProviderHosts {

	private static final String POINTER = "/base_url";

	private static final int LENGTH_MAX = 2000;

	private final boolean privateAllowed;

	private final Set<String> allowed;

	ProviderHosts(AgencyProperties properties) {
		this.privateAllowed = properties.providerHostsPrivate();
		this.allowed = new HashSet<>(properties.providerHostsAllowed()
			.stream()
			.map((pair) -> pair.strip().toLowerCase(Locale.ROOT))
			.toList());
	}

	/**
	 * The base URL in {@code text}, without slashes at its end, or a 422 that names the
	 * rule it breaks.
	 */
	URI parse(String text) {
		URI url = uri(text.strip());
		String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
		refuseIf(!scheme.equals("https") && !scheme.equals("http"), "base_url must begin with https://");
		refuseIf(url.getHost() == null, "base_url must name a host");
		refuseIf(url.getRawUserInfo() != null, "base_url must not hold a user or password: give the key as api_key");
		refuseIf(url.getRawQuery() != null, "base_url must not have a query");
		refuseIf(url.getRawFragment() != null, "base_url must not have a fragment");
		refuseIf(url.getPort() == 0 || url.getPort() > 65_535, "base_url must have a port between 1 and 65535");
		refuseIf(!url.normalize().equals(url), "base_url must not have '.', '..' or empty segments in its path");
		refuseIf(scheme.equals("http") && !isExempt(url), "base_url must be https, not http");
		return url;
	}

	/**
	 * Ends with a 422 when the host resolves to an address inside. A name that does not
	 * resolve now is let through: it leads nowhere.
	 */
	Mono<Void> check(URI url) {
		return isExempt(url) ? Mono.empty()
				: Mono.fromCallable(() -> resolve(url.getHost()))
					.subscribeOn(Schedulers.boundedElastic())
					.doOnNext((addresses) -> refuseIf(addresses.stream().anyMatch(ProviderHosts::isInside),
							"base_url must not lead to a loopback, private, link-local or metadata address, but '"
									+ url.getHost() + "' does"))
					.then();
	}

	private boolean isExempt(URI url) {
		int port = (url.getPort() > 0) ? url.getPort() : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
		return this.privateAllowed || this.allowed.contains(url.getHost().toLowerCase(Locale.ROOT) + ":" + port);
	}

	/** Whether an address is not one of the public internet. */
	static boolean isInside(InetAddress address) {
		if (address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress()
				|| address.isSiteLocalAddress() || address.isMulticastAddress()) {
			return true;
		}
		int first = address.getAddress()[0] & 0xff;
		int second = address.getAddress()[1] & 0xff;
		if (address instanceof Inet4Address) {
			boolean isCarrierGrade = first == 100 && (second & 0xc0) == 64;
			boolean isBenchmark = first == 198 && (second & 0xfe) == 18;
			boolean isProtocol = first == 192 && second == 0 && address.getAddress()[2] == 0;
			return first == 0 || first >= 240 || isCarrierGrade || isBenchmark || isProtocol;
		}
		boolean isUniqueLocal = (first & 0xfe) == 0xfc;
		boolean embedsIpv4 = (first == 0x20 && second == 0x02) || (first == 0x00 && second == 0x64);
		return address instanceof Inet6Address && (isUniqueLocal || embedsIpv4 || first == 0);
	}

	private static List<InetAddress> resolve(String host) {
		try {
			return Arrays.asList(InetAddress.getAllByName(host));
		}
		catch (UnknownHostException ex) {
			return List.of();
		}
	}

	private static URI uri(String text) {
		refuseIf(text.length() > LENGTH_MAX, "base_url must have at most " + LENGTH_MAX + " characters");
		try {
			return new URI(text.replaceAll("/+$", ""));
		}
		catch (URISyntaxException ex) {
			throw Problem.invalid(POINTER, "base_url is not a URL: " + ex.getReason());
		}
	}

	private static void refuseIf(boolean breaksRule, String rule) {
		if (breaksRule) {
			throw Problem.invalid(POINTER, rule);
		}
	}

}
