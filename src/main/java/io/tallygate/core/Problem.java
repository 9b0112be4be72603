package io.tallygate.core;

import java.util.List;

/**
 * What the admin API answers instead of what was asked for: an RFC 9457 problem with a
 * stable code. Thrown by use cases, written as {@code application/problem+json} by the
 * web layer.
 */
public final class Problem extends RuntimeException {

	private static final long serialVersionUID = 1L;

	/**
	 * One field that is at fault.
	 *
	 * @param pointer where it stands, as an RFC 6901 pointer ("/billing_unit")
	 * @param message the value and the rule it breaks
	 */
	public record Field(String pointer, String message) implements java.io.Serializable {
	}

	private final int status;

	private final String code;

	private final Field[] errors;

	/**
	 * A problem with this HTTP status, stable code ("not_found") and sentence for the
	 * person who reads it.
	 */
	public Problem(int status, String code, String detail, List<Field> errors) {
		super(detail);
		this.status = status;
		this.code = code;
		this.errors = errors.toArray(Field[]::new);
	}

	public Problem(int status, String code, String detail) {
		this(status, code, detail, List.of());
	}

	/** No such thing, or not the caller's: the two are not told apart. */
	public static Problem notFound(String what, String id) {
		return new Problem(404, "not_found", "There is no " + what + " '" + id + "'");
	}

	/** One field breaks a rule. */
	public static Problem invalid(String pointer, String message) {
		return new Problem(422, "invalid_request", message, List.of(new Field(pointer, message)));
	}

	/**
	 * The contract knows the field, this version does not act on it, so it is refused
	 * rather than ignored.
	 */
	public static Problem notSupportedYet(String pointer) {
		String message = "'" + pointer.substring(1) + "' is not supported yet; leave it out";
		return new Problem(422, "not_supported_yet", message, List.of(new Field(pointer, message)));
	}

	public int status() {
		return this.status;
	}

	public String code() {
		return this.code;
	}

	public List<Field> errors() {
		return List.of(this.errors);
	}

}
