package io.tallygate.core;

/**
 * One request to the admin API, which its caller may repeat: all that come under one
 * Idempotency-Key are one request and share its id. What is made outside of our database
 * is made under names that follow from that id, so that a repeat finds it instead of
 * making it again. Controllers take it as an argument.
 */
public final class AdminRequest {

	/** The exchange's attribute that holds it. */
	public static final String ATTRIBUTE = AdminRequest.class.getName();

	private final RequestId id;

	private final int attempt;

	private final boolean repeatable;

	private volatile boolean reachedOut;

	private AdminRequest(RequestId id, int attempt, boolean repeatable) {
		this.id = id;
		this.attempt = attempt;
		this.repeatable = repeatable;
	}

	/** A request without an Idempotency-Key: nobody can repeat it. */
	public static AdminRequest once(RequestId id) {
		return new AdminRequest(id, 1, false);
	}

	/** The {@code attempt}th, from 1, to have this request served. */
	public static AdminRequest repeatable(RequestId id, int attempt) {
		return new AdminRequest(id, attempt, true);
	}

	/** The id of the first attempt. */
	public RequestId id() {
		return this.id;
	}

	/** The id of what this request makes: the same at every attempt. */
	public String idOf(String prefix) {
		return Ids.sibling(prefix, this.id.value());
	}

	/** Whether its caller can have it served again. */
	public boolean isRepeatable() {
		return this.repeatable;
	}

	/** Whether an attempt before this one may have made something. */
	public boolean isRepeat() {
		return this.attempt > 1;
	}

	/** Notes that from now on something may exist that our database does not show. */
	public void reachOut() {
		this.reachedOut = true;
	}

	/** Whether something may exist that our database does not show. */
	public boolean hasReachedOut() {
		return this.reachedOut || isRepeat();
	}

	@Override
	public String toString() {
		return this.id + " (attempt " + this.attempt + ")";
	}

}
