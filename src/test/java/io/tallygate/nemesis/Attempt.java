package io.tallygate.nemesis;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.tallygate.sandbox.provider.Transcript;

/**
 * One request of one app, as the app saw it. Written by the event loop of its connection,
 * read when it has ended.
 */
final class Attempt {

	/** The gateway of those who leave the choice to a balancer. */
	static final int ANY_GATEWAY = -1;

	/** How an app can use the API. */
	enum Use {

		/** Waits for the answer in one piece. */
		WHOLE,
		/** Reads a stream to its end. */
		STREAM,
		/** Hangs up in the middle of a stream. */
		HANG_UP,
		/** Reads a long stream slowly. */
		SLOW

	}

	/** What became of it for the app. */
	enum Ending {

		/** A success, to the last byte. */
		COMPLETE,
		/** An error, to the last byte. */
		ERROR,
		/** The gateway could not be connected to. */
		REFUSED,
		/** The app itself hung up. */
		HUNG_UP,
		/** The connection ended before the answer did. */
		CUT,
		/** There was no end within the app's patience. */
		GIVEN_UP

	}

	private final long number;

	private final Customer customer;

	private final int gateway;

	private final Use use;

	private final Model model;

	private final long begunMillis = System.currentTimeMillis();

	private final List<Gateway> dead = new CopyOnWriteArrayList<>();

	private volatile boolean sawTheProviderCutOff;

	private int status;

	private String requestId = "";

	private String providerRequestId = "";

	private volatile String upstream = "";

	private volatile boolean hasErrorEvent;

	private volatile boolean isFalseEnd;

	private int events;

	private volatile Ending ending;

	private final List<Transcript.Answer> answers = new CopyOnWriteArrayList<>();

	Attempt(long number, Customer customer, int gateway, Use use, Model model) {
		this.number = number;
		this.customer = customer;
		this.gateway = gateway;
		this.use = use;
		this.model = model;
	}

	long number() {
		return this.number;
	}

	/** What the provider knows it by. */
	String tag() {
		return "app-" + this.number;
	}

	Customer customer() {
		return this.customer;
	}

	int gateway() {
		return this.gateway;
	}

	/**
	 * Whether this gateway had it: where a balancer chose, the one that it names with the
	 * answer, and any as long as there is none.
	 */
	boolean mayBeAt(Gateway gateway) {
		return (this.gateway != ANY_GATEWAY) ? this.gateway == gateway.number()
				: this.upstream.isEmpty() || this.upstream.endsWith(":" + gateway.port());
	}

	/** Whom the balancer asked, "" as long as nobody has answered. */
	String upstream() {
		return this.upstream;
	}

	/** Whether the head of its answer has come through a balancer. */
	boolean isAnswered() {
		return !this.upstream.isEmpty();
	}

	/** Whether the balancer said that this gateway answers. */
	boolean isAnsweredBy(Gateway gateway) {
		return isAnswered() && mayBeAt(gateway);
	}

	Use use() {
		return this.use;
	}

	Model model() {
		return this.model;
	}

	long begunMillis() {
		return this.begunMillis;
	}

	/** A gateway was killed while it ran. */
	void gatewayDied(Gateway gateway) {
		this.dead.add(gateway);
	}

	boolean sawItsGatewayDie() {
		return this.dead.stream().anyMatch(this::mayBeAt);
	}

	/** Something was done to the way to the provider while it ran. */
	void providerCutOff() {
		this.sawTheProviderCutOff = true;
	}

	boolean sawTheProviderCutOff() {
		return this.sawTheProviderCutOff;
	}

	/**
	 * The head of the answer has come.
	 * @param upstream whom a balancer asked, the last that it tried at the end; ""
	 * without one
	 */
	void answered(int status, String requestId, String providerRequestId, String upstream) {
		this.status = status;
		this.requestId = requestId;
		this.providerRequestId = providerRequestId;
		this.upstream = upstream;
	}

	int status() {
		return this.status;
	}

	/** The gateway's id of it, "" when no head came. */
	String requestId() {
		return this.requestId;
	}

	String providerRequestId() {
		return this.providerRequestId;
	}

	/** An event of the stream has come to its end. */
	int event() {
		return ++this.events;
	}

	/** Events of a stream that came. */
	int events() {
		return this.events;
	}

	/** The stream says itself that it failed. */
	void errorEvent() {
		this.hasErrorEvent = true;
	}

	boolean hasErrorEvent() {
		return this.hasErrorEvent;
	}

	/** A stream ended as if it were whole, and is not. */
	void falseEnd() {
		this.isFalseEnd = true;
	}

	boolean isFalseEnd() {
		return this.isFalseEnd;
	}

	/** The provider has answered it. */
	void told(Transcript.Answer answer) {
		this.answers.add(answer);
	}

	/** What the provider answered to it: one answer, if it came so far. */
	List<Transcript.Answer> answers() {
		return this.answers;
	}

	/** The first end counts. */
	boolean end(Ending ending) {
		if (this.ending != null) {
			return false;
		}
		this.ending = ending;
		return true;
	}

	/** How it ended, {@code null} while it runs. */
	Ending ending() {
		return this.ending;
	}

	boolean isOver() {
		return this.ending != null;
	}

	@Override
	public String toString() {
		return tag() + " " + this.requestId + " of " + this.customer.name() + " (" + this.use + " of "
				+ this.model.name() + " by "
				+ ((this.gateway != ANY_GATEWAY) ? "gateway " + (this.gateway + 1) : "'" + this.upstream + "'") + ", "
				+ this.status + ", " + this.ending + ")";
	}

}
