package io.tallygate.agency;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may use the admin API, and where an agency's providers may be.
 *
 * @param platformToken bearer token that may create agencies; without one nobody may
 * @param adminTokenCache how long the answer to "whose token is this" is kept; a token
 * revoked on another replica lives that much longer
 * @param adminRequestLease how long a request with an Idempotency-Key counts as in
 * flight; longer than the slowest takes, and after a crash its repeat is refused for so
 * long
 * @param providerHostsPrivate whether a provider may be at a loopback, private,
 * link-local or metadata address, over plain http too: for development and tests only
 * @param providerHostsAllowed single {@code host:port} pairs that are allowed in any
 * case, such as the sandbox's own
 */
@ConfigurationProperties("tallygate")
record AgencyProperties(@Nullable String platformToken, @DefaultValue("2s") Duration adminTokenCache,
		@DefaultValue("60s") Duration adminRequestLease, @DefaultValue("false") boolean providerHostsPrivate,
		@DefaultValue List<String> providerHostsAllowed) {

	@Override
	public String toString() {
		return "AgencyProperties[providerHostsPrivate=" + this.providerHostsPrivate + "]";
	}

}
