package io.tallygate.core;

/**
 * Who calls the admin API, proven by a bearer token. Controllers take it as an argument.
 */
public sealed interface Caller {

	/**
	 * The bearer of the platform token: may create and read agencies, nothing below them.
	 */
	record Platform() implements Caller {
	}

	/**
	 * The bearer of an agency's admin token: everything of that agency, nothing of
	 * another.
	 *
	 * @param agency whose token it is
	 * @param role what the token may do
	 */
	record OfAgency(AgencyId agency, Role role) implements Caller {
	}

	/** What an admin token may do. */
	enum Role {

		/** Everything. */
		OWNER,
		/** Everything but tokens and keys. */
		BILLING,
		/** Read only. */
		SUPPORT

	}

}
