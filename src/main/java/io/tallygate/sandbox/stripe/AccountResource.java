package io.tallygate.sandbox.stripe;

import java.util.List;

import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/account}: whose key this is. */
final class AccountResource {

	private static final Allowed NOTHING = Allowed.of();

	List<Route> routes() {
		return List.of(new Route("GET", "/v1/account", "rak_accounts_read", NOTHING, AccountResource::current),
				new Route("GET", "/v1/accounts/{id}", "rak_accounts_read", NOTHING, AccountResource::retrieve));
	}

	private static ObjectNode current(Call call) {
		return call.named("account", "account", call.account().id(), "account");
	}

	private static ObjectNode retrieve(Call call) {
		if (!call.pathId().equals(call.account().id())) {
			throw new StripeProblem(403, "invalid_request_error", "account_invalid", null,
					"The provided key does not have access to account '" + call.pathId()
							+ "' (or that account does not exist).");
		}
		return current(call);
	}

}
