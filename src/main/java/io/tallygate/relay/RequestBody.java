package io.tallygate.relay;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.timeout.ReadTimeoutException;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.netty.http.server.HttpServerRequest;

/**
 * A request's body, whole in memory: bounded by itself and, with all others, by
 * {@link BufferedBytes}.
 */
final class RequestBody {

	private static final int FIRST = 4096;

	private final BufferedBytes.Share buffered;

	private byte[] bytes = new byte[0];

	private int length;

	/**
	 * Room of {@link #buffered}, given back once though two threads may come to do so.
	 */
	private final AtomicLong taken = new AtomicLong();

	private RequestBody(BufferedBytes.Share buffered) {
		this.buffered = buffered;
	}

	/**
	 * Reads the body of {@code request}; whoever gets it must {@link #release()} it.
	 * @param bytesMax the largest body
	 * @param timeMax longest time until it is there; looked at with each part, as pauses
	 * between those have a bound of their own
	 * @param buffered the room that its agency has
	 * @throws ApiError (as the Mono's error) for a body that is too large or compressed,
	 * or when there is no room
	 */
	static Mono<RequestBody> read(HttpServerRequest request, long bytesMax, Duration timeMax,
			BufferedBytes.Share buffered) {
		HttpHeaders headers = request.requestHeaders();
		String encoding = headers.get(HttpHeaderNames.CONTENT_ENCODING);
		if (encoding != null && !encoding.strip().equalsIgnoreCase("identity")) {
			return Mono.error(ApiError.of(ApiError.Code.UNSUPPORTED_CONTENT_ENCODING,
					"Request bodies are not decompressed here; send the JSON as it is, without Content-Encoding"));
		}
		long declared = declaredLength(headers);
		if (declared > bytesMax) {
			return Mono.error(tooLarge(bytesMax));
		}
		return Mono.create((sink) -> {
			Reader reader = new Reader(new RequestBody(buffered), declared, bytesMax,
					System.nanoTime() + timeMax.toNanos(), sink);
			sink.onCancel(reader);
			request.receive().subscribe(reader);
		});
	}

	/** The bytes, for whoever does not change them. */
	byte[] bytes() {
		return this.bytes;
	}

	/** Lets go of the bytes. */
	void release() {
		this.buffered.give(this.taken.getAndSet(0));
		this.bytes = new byte[0];
	}

	private boolean append(ByteBuf part, long declared) {
		int more = part.readableBytes();
		if (this.length + more > this.bytes.length && !grow(this.length + more, declared)) {
			return false;
		}
		part.readBytes(this.bytes, this.length, more);
		this.length += more;
		return true;
	}

	/** Doubles the room, so that what is declared but never sent takes none. */
	private boolean grow(int needed, long declared) {
		long room = Math.max(needed, Math.max(FIRST, this.bytes.length * 2L));
		int size = (int) ((declared >= needed) ? Math.min(room, declared) : room);
		long more = size - this.taken.get();
		if (!this.buffered.take(more)) {
			return false;
		}
		this.taken.addAndGet(more);
		this.bytes = Arrays.copyOf(this.bytes, size);
		return true;
	}

	private RequestBody trimmed() {
		if (this.length != this.bytes.length) {
			this.bytes = Arrays.copyOf(this.bytes, this.length);
		}
		return this;
	}

	private static long declaredLength(HttpHeaders headers) {
		String declared = headers.get(HttpHeaderNames.CONTENT_LENGTH);
		return (declared != null) ? Long.parseLong(declared.strip()) : -1;
	}

	private static ApiError tooLarge(long bytesMax) {
		return ApiError.of(ApiError.Code.REQUEST_TOO_LARGE,
				"The request's body is larger than " + bytesMax + " bytes, the most that is relayed");
	}

	private static ApiError tooLate() {
		return ApiError.of(ApiError.Code.REQUEST_TIMEOUT, "The rest of the request's body did not come in time");
	}

	/** Gathers the parts. */
	private static final class Reader extends BaseSubscriber<ByteBuf> {

		private final RequestBody body;

		private final long declared;

		private final long bytesMax;

		private final long latest;

		private final MonoSink<RequestBody> sink;

		Reader(RequestBody body, long declared, long bytesMax, long latest, MonoSink<RequestBody> sink) {
			this.body = body;
			this.declared = declared;
			this.bytesMax = bytesMax;
			this.latest = latest;
			this.sink = sink;
		}

		@Override
		protected void hookOnSubscribe(Subscription subscription) {
			subscription.request(Long.MAX_VALUE);
		}

		@Override
		protected void hookOnNext(ByteBuf part) {
			if (this.body.length + (long) part.readableBytes() > this.bytesMax) {
				refuse(tooLarge(this.bytesMax));
			}
			else if (System.nanoTime() - this.latest > 0) {
				refuse(tooLate());
			}
			else if (!this.body.append(part, this.declared)) {
				refuse(ApiError.of(ApiError.Code.GATEWAY_OVERLOADED,
						"The gateway holds as many request bodies as it may; try again"));
			}
		}

		@Override
		protected void hookOnComplete() {
			this.sink.success(this.body.trimmed());
		}

		@Override
		protected void hookOnError(Throwable error) {
			this.body.release();
			this.sink.error((error instanceof ReadTimeoutException) ? tooLate() : error);
		}

		@Override
		protected void hookOnCancel() {
			this.body.release();
		}

		private void refuse(ApiError error) {
			cancel();
			this.sink.error(error);
		}

	}

}
