package io.tallygate.relay;

import java.util.ArrayDeque;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.publisher.Operators;

/**
 * The parts of an answer on their way to the client, as fast as it takes them. One
 * subscriber; everything happens on the event loop of the client's connection.
 */
final class AnswerStream implements Publisher<ByteBuf>, Subscription {

	/** What the client does. */
	interface Listener {

		/** The client took a part that had been offered. */
		void taken();

		/** The client has gone. */
		void cancelled();

	}

	private final Listener listener;

	private final ArrayDeque<ByteBuf> waiting = new ArrayDeque<>();

	private @Nullable Subscriber<? super ByteBuf> client;

	private long demand;

	private boolean passing;

	private boolean cancelled;

	private boolean ended;

	private @Nullable Throwable error;

	AnswerStream(Listener listener) {
		this.listener = listener;
	}

	@Override
	public void subscribe(Subscriber<? super ByteBuf> client) {
		if (this.client != null) {
			throw new IllegalStateException("An answer has one client");
		}
		this.client = client;
		client.onSubscribe(this);
		pass();
	}

	/** Adds a part; the stream owns it from now on. */
	void offer(ByteBuf part) {
		if (this.cancelled) {
			part.release();
			return;
		}
		this.waiting.add(part);
		pass();
	}

	/** Nothing comes after what was offered. */
	void complete() {
		this.ended = true;
		pass();
	}

	/** What was offered is all there is, and the answer is not whole. */
	void fail(Throwable error) {
		this.error = error;
		complete();
	}

	/** Whether the client has taken everything so far. */
	boolean isEmpty() {
		return this.waiting.isEmpty();
	}

	@Override
	public void request(long n) {
		this.demand = Operators.addCap(this.demand, n);
		pass();
	}

	@Override
	public void cancel() {
		if (!this.cancelled) {
			this.cancelled = true;
			this.waiting.forEach(ByteBuf::release);
			this.waiting.clear();
			this.listener.cancelled();
		}
	}

	private void pass() {
		Subscriber<? super ByteBuf> to = this.client;
		if (this.passing || to == null) {
			return;
		}
		this.passing = true;
		while (this.demand > 0 && !this.waiting.isEmpty()) {
			this.demand--;
			to.onNext(this.waiting.remove());
			this.listener.taken();
		}
		this.passing = false;
		if (this.ended && !this.cancelled && this.waiting.isEmpty()) {
			this.cancelled = true;
			if (this.error != null) {
				to.onError(this.error);
			}
			else {
				to.onComplete();
			}
		}
	}

}
