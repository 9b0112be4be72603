package io.tallygate.provider;

import org.jspecify.annotations.Nullable;

/**
 * A request that cannot be relayed, in words for whoever sent it: where it is wrong and
 * which rule it breaks, never what it says.
 */
public final class InvalidRequest extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final String code;

	private final @Nullable String param;

	InvalidRequest(String code, @Nullable String param, String message) {
		super(message, null, false, false);
		this.code = code;
		this.param = param;
	}

	/**
	 * The stable code: {@code invalid_json}, {@code missing_model} or
	 * {@code background_not_supported}.
	 */
	public String code() {
		return this.code;
	}

	/** The field at fault, where it is one. */
	public @Nullable String param() {
		return this.param;
	}

}
