package io.tallygate.relay;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import io.tallygate.metering.Admission;
import io.tallygate.metering.Admission.Admitted;
import io.tallygate.metering.Admission.Rates;
import io.tallygate.metering.MeteringUnavailable;
import io.tallygate.metering.Opening;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.AnswerTap;
import io.tallygate.provider.Reading;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * One exchange, from the open mark to the count:
 * <ol>
 * <li>it is opened with metering;</li>
 * <li>the provider is called;</li>
 * <li>its answer is read through the tap and delivered to the client;</li>
 * <li>at the end, whichever it is, the exchange is settled, exactly once;</li>
 * <li>when that is counted, the client gets the last byte.</li>
 * </ol>
 * None of this hangs on the client: if it leaves, the steps go on without it, within the
 * bounds for drains. Everything happens on the event loop of the client's connection;
 * what comes from elsewhere is brought there first.
 */
final class Exchange implements ProviderCall.Listener, Delivery.Listener {

	private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

	/** Parts taken by the client before the provider is asked for as many more. */
	private static final int REFILL = 8;

	/** Longest wait for the end of a body of which all that counts has come. */
	private static final Duration GOODBYE_MAX = Duration.ofSeconds(5);

	/** A provider's name for its answer that is longer is not noted. */
	private static final int PROVIDER_ID_LENGTH_MAX = 256;

	/** The status noted for a client that left before there was another. */
	private static final int CLIENT_CLOSED_REQUEST = 499;

	private final Relay relay;

	private final Call call;

	private final Opening opening;

	private final Channel channel;

	private final Delivery delivery;

	private final long bodyBytes;

	/** What the provider was sent, as long as an estimate may need it. */
	private byte @Nullable [] prompt;

	private @Nullable ProviderCall provider;

	private boolean relayed;

	private int status;

	private @Nullable HttpHeaders headers;

	private Rates rates = Rates.NONE;

	private @Nullable AnswerTap tap;

	private int parts;

	private long firstByteMs = -1;

	private long drainedBytes;

	private boolean draining;

	private @Nullable Future<?> drainTimer;

	private boolean opened;

	private boolean bodyEnded;

	private boolean settled;

	private boolean counted;

	/** Why the client gets no whole answer. */
	private @Nullable ApiError failure;

	private Exchange(Relay relay, Call call, Channel channel, MonoSink<Answer> client) {
		this.relay = relay;
		this.call = call;
		this.channel = channel;
		this.delivery = new Delivery(relay.properties(), relay.buffered().of(call.access().terms().agency()), channel,
				client, this);
		this.opening = call.opening(relay.clock().instant());
		this.bodyBytes = call.body().bytes().length;
	}

	/** Begins when it is subscribed to; cancelling tells it that the client has gone. */
	static Mono<Answer> of(Relay relay, Call call, Channel channel) {
		return Mono.create((client) -> {
			Exchange exchange = new Exchange(relay, call, channel, client);
			relay.exchanges().add(exchange);
			client.onCancel(() -> exchange.onLoop(exchange.delivery::cancelled));
			relay.meter().open(exchange.opening).subscribe(exchange.whenAsked());
		});
	}

	/** The instance stops: what is not settled by now is, and its client is told. */
	void shutDown() {
		onLoop(() -> cut(ApiError.of(ApiError.Code.PROVIDER_UNAVAILABLE, "The gateway is shutting down")));
	}

	private void asked(Admission admission) {
		this.rates = admission.rates();
		if (admission instanceof Admitted) {
			opened();
		}
		else {
			notOpened(Refusals.of(admission));
		}
	}

	private void opened() {
		this.opened = true;
		if (this.delivery.isGone() || this.failure != null) {
			settle();
			return;
		}
		try {
			callProvider();
		}
		catch (RuntimeException ex) {
			LOG.error("{} could not be relayed", this.call.id(), ex);
			failed(ex);
		}
	}

	private void callProvider() {
		byte[] body = this.call.bodyForProvider();
		if (this.call.access().estimatesMissingUsage() && body.length <= Estimates.BODY_BYTES_MAX) {
			this.prompt = body;
		}
		this.relayed = true;
		this.provider = ProviderCall.post(this.relay.upstreams().ofThisLoop(), this.channel.eventLoop(),
				this.call.provider().timeout(), Upstreams.uri(this.call.provider(), "/chat/completions"),
				(to) -> RelayHeaders.toProvider(this.call.headers(), this.call.provider(), to),
				Unpooled.wrappedBuffer(body), this);
	}

	/** Nothing was admitted, so nothing is to be settled. */
	private void notOpened(ApiError why) {
		this.failure = why;
		this.settled = true;
		this.bodyEnded = true;
		finish();
	}

	@Override
	public void answered(int status, HttpHeaders headers) {
		this.status = status;
		this.headers = headers;
		if (this.prompt == null) {
			this.call.body().release();
		}
		String contentType = headers.get(HttpHeaderNames.CONTENT_TYPE);
		boolean events = is(contentType, "text/event-stream");
		boolean wanted = this.call.request().stream() && status < 300;
		this.tap = AnswerTap.of(events || wanted, headers.get(HttpHeaderNames.CONTENT_ENCODING),
				this.call.hidesUsageChunk(), this.call.access().estimatesMissingUsage());
		HttpHeaders forClient = DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
		RelayHeaders.toClient(headers, this.call.id(), forClient);
		RateHeaders.write(this.rates, forClient);
		// Providers name streams by other types too, but none that is sent as an object.
		this.delivery.begin(status, forClient, events || (wanted && !is(contentType, "application/json")));
	}

	private static boolean is(@Nullable String contentType, String type) {
		return contentType != null && contentType.regionMatches(true, 0, type, 0, type.length());
	}

	@Override
	public void received(ByteBuf bytes) {
		AnswerTap watching = this.tap;
		if (watching == null || this.bodyEnded) {
			bytes.release();
			return;
		}
		if (this.firstByteMs < 0) {
			this.firstByteMs = sinceArrivalMs();
			this.relay.metrics().firstByteAfter(Duration.ofMillis(this.firstByteMs));
		}
		if (this.draining) {
			this.drainedBytes += bytes.readableBytes();
		}
		this.delivery.pass(watching.next(bytes));
		if (watching.ended()) {
			settle();
		}
		if (this.drainedBytes > this.relay.properties().drainBytesMax().toBytes()) {
			cutDrain();
		}
	}

	@Override
	public void ended() {
		if (!this.bodyEnded) {
			this.bodyEnded = true;
			if (this.tap != null) {
				this.delivery.pass(this.tap.complete());
			}
			settle();
			if (this.counted) {
				finish();
			}
		}
	}

	/** May be told by a timer of the connection pool, so it is brought to the loop. */
	@Override
	public void failed(Throwable error) {
		onLoop(() -> {
			if (isSaid()) {
				ended();
			}
			else if (!this.bodyEnded) {
				this.bodyEnded = true;
				this.relayed = this.tap != null || !UpstreamFailure.neverReached(error);
				this.failure = UpstreamFailure.of(error);
				settle();
			}
		});
	}

	@Override
	public void taken() {
		this.parts++;
		if (this.parts >= REFILL && this.provider != null) {
			this.provider.request(this.parts);
			this.parts = 0;
		}
	}

	@Override
	public void left() {
		if (!this.opened || this.bodyEnded) {
			return;
		}
		if (this.settled) {
			drain(GOODBYE_MAX);
			return;
		}
		this.draining = this.call.access().drainsOnDisconnect() && this.relay.exchanges().drain();
		if (!this.draining) {
			cutDrain();
			return;
		}
		drain(this.relay.properties().drainTimeMax());
	}

	/** Reads on for nobody, until the provider ends or for this long. */
	private void drain(Duration longest) {
		this.drainTimer = this.channel.eventLoop().schedule(this::cutDrain, longest.toMillis(), TimeUnit.MILLISECONDS);
		if (this.provider != null) {
			this.provider.request(Long.MAX_VALUE);
		}
	}

	/** All that the provider had to say was said; only its goodbye is missing. */
	private boolean isSaid() {
		return this.tap != null && this.tap.ended();
	}

	private void cutDrain() {
		if (!this.bodyEnded) {
			if (!this.settled) {
				this.relay.metrics().drainCut();
			}
			cut(ApiError.of(ApiError.Code.PROVIDER_UNAVAILABLE, "The client left"));
		}
	}

	/** Ends the reading here; what was read so far decides. */
	private void cut(ApiError why) {
		if (this.bodyEnded || this.failure != null) {
			return;
		}
		if (this.provider != null && isSaid()) {
			this.provider.abort();
			ended();
			return;
		}
		this.failure = why;
		if (this.provider != null) {
			this.provider.abort();
			this.bodyEnded = true;
		}
		if (this.opened) {
			settle();
		}
	}

	/**
	 * Decides what is charged and has it counted: the first time, whoever comes first.
	 */
	private void settle() {
		if (this.settled) {
			return;
		}
		this.settled = true;
		Reading reading = (this.tap != null) ? this.tap.reading() : null;
		Settlement settlement = Settlement.of(this.status, reading, this.call.access().estimatesMissingUsage());
		if (settlement.status() == Outcome.Status.ESTIMATED && reading != null) {
			this.relay.estimates()
				.count(this.call.request().model(), this.prompt, this.bodyBytes, reading.text())
				.subscribe((usage) -> onLoop(() -> close(settlement, usage, reading)));
		}
		else {
			close(settlement, settlement.usage(), reading);
		}
	}

	private void close(Settlement settlement, @Nullable Usage usage, @Nullable Reading reading) {
		Outcome outcome = outcome(settlement, usage, reading);
		this.relay.metrics().settled(this.call.provider().kind(), outcome);
		this.relay.meter().close(this.opening, outcome).subscribe(whenDone(this::counted, (error) -> {
			this.failure = notMetered(error);
			counted();
		}));
		this.relay.traces().ended(this.call, this.opening.at(), outcome, this.relay.clock().instant());
	}

	private Outcome outcome(Settlement settlement, @Nullable Usage usage, @Nullable Reading reading) {
		return new Outcome(this.relayed ? this.call.provider().id() : null, this.call.request().model(), Call.API,
				settlement.status(), usage, settlement.messages(), statusForClient(), this.call.request().stream(),
				this.delivery.isGone(), providerRequestId(reading), sinceArrivalMs(),
				(this.firstByteMs >= 0) ? this.firstByteMs : null);
	}

	private int statusForClient() {
		if (this.status != 0) {
			return this.status;
		}
		return (this.delivery.isGone() || this.failure == null) ? CLIENT_CLOSED_REQUEST : this.failure.status();
	}

	private @Nullable String providerRequestId(@Nullable Reading reading) {
		String named = (this.headers != null) ? this.headers.get(RelayHeaders.REQUEST_ID) : null;
		String id = (named != null || reading == null) ? named : reading.providerId();
		return (id != null && id.length() <= PROVIDER_ID_LENGTH_MAX && id.chars().noneMatch(Character::isISOControl))
				? id : null;
	}

	/**
	 * The client may have the end: of a stream at once, though its connection ends later.
	 */
	private void counted() {
		this.counted = true;
		if (this.failure == null && this.tap != null && isSaid()) {
			this.delivery.passEnd(this.tap.release());
		}
		if (this.bodyEnded || this.failure != null || !this.relayed) {
			finish();
		}
	}

	/**
	 * Lets go of everything before the client sees the end, so that nothing outlives it.
	 */
	private void finish() {
		if (this.drainTimer != null) {
			this.drainTimer.cancel(false);
		}
		if (!this.bodyEnded && this.provider != null) {
			this.bodyEnded = true;
			this.provider.abort();
		}
		if (this.tap != null) {
			this.tap.close();
		}
		this.call.body().release();
		this.prompt = null;
		if (this.draining) {
			this.draining = false;
			this.relay.exchanges().drained();
		}
		this.relay.exchanges().remove(this);
		if (this.failure == null) {
			this.delivery.complete();
		}
		else if (this.delivery.fail(this.failure.with(this.rates))) {
			this.relay.metrics().failed(this.failure.code());
		}
	}

	private long sinceArrivalMs() {
		return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - this.call.arrival());
	}

	private static ApiError notMetered(Throwable error) {
		String message = "Usage cannot be counted at the moment; try again";
		if (error instanceof MeteringUnavailable unavailable) {
			return ApiError.of(ApiError.Code.METERING_UNAVAILABLE, message, unavailable.retryAfter());
		}
		LOG.error("Metering failed in a way that it does not announce", error);
		return ApiError.of(ApiError.Code.METERING_UNAVAILABLE, message);
	}

	private void onLoop(Runnable step) {
		if (this.channel.eventLoop().inEventLoop()) {
			step.run();
		}
		else {
			this.channel.eventLoop().execute(step);
		}
	}

	/** Waits for leave on the loop; never cancels. */
	private BaseSubscriber<Admission> whenAsked() {
		return new BaseSubscriber<>() {
			@Override
			protected void hookOnNext(Admission admission) {
				onLoop(() -> asked(admission));
			}

			@Override
			protected void hookOnError(Throwable error) {
				onLoop(() -> notOpened(notMetered(error)));
			}
		};
	}

	/** Waits for the count on the loop; never cancels it. */
	private BaseSubscriber<Void> whenDone(Runnable done, Consumer<Throwable> failed) {
		return new BaseSubscriber<>() {
			@Override
			protected void hookOnComplete() {
				onLoop(done);
			}

			@Override
			protected void hookOnError(Throwable error) {
				onLoop(() -> failed.accept(error));
			}
		};
	}

}
