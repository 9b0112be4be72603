package io.tallygate.core;

/**
 * Tallygate does not start like this, for a reason that a person can act on. Shown
 * without a stack trace.
 */
public final class StartRefused extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final String action;

	/**
	 * Says why and what to do about it.
	 * @param description what is wrong, naming the thing, its value and the rule; no
	 * secrets
	 * @param action what the operator can do
	 */
	public StartRefused(String description, String action) {
		super(description);
		this.action = action;
	}

	/** What the operator can do. */
	public String action() {
		return this.action;
	}

}
