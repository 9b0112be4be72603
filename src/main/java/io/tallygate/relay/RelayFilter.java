package io.tallygate.relay;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

import io.netty.channel.Channel;
import io.tallygate.client.ChannelAccess;
import io.tallygate.provider.ChatRequest;
import io.tallygate.provider.InvalidRequest;
import io.tallygate.provider.Provider;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * A chat completion, in this order:
 * <ol>
 * <li>who calls is known by the channel key;</li>
 * <li>the body is read, whole and bounded;</li>
 * <li>what it asks for must be allowed, and one of the agency's providers must serve
 * it;</li>
 * <li>then it is an {@link Exchange}: opened, relayed, settled, answered.</li>
 * </ol>
 */
final class RelayFilter extends ApiFilter {

	/** A larger body is read on a worker, not on the event loop. */
	private static final int READ_ON_LOOP_MAX = 256 * 1024;

	private final Callers callers;

	private final long bodyBytesMax;

	private final Scheduler workers;

	private final Relay relay;

	RelayFilter(ApiFilter.Answers answers, Callers callers, long bodyBytesMax, Scheduler workers, Relay relay) {
		super(answers);
		this.callers = callers;
		this.bodyBytesMax = bodyBytesMax;
		this.workers = workers;
		this.relay = relay;
	}

	@Override
	Mono<Answer> answer(ApiRequest request) {
		return this.callers.identify(request.headers())
			.flatMap((access) -> RequestBody
				.read(request.http(), this.bodyBytesMax, this.relay.properties().bodyTimeMax(),
						this.relay.buffered().of(access.terms().agency()))
				.flatMap((body) -> relayed(request, access, body)));
	}

	private Mono<Answer> relayed(ApiRequest request, ChannelAccess access, RequestBody body) {
		Channel channel = request.channel();
		if (body.bytes().length <= READ_ON_LOOP_MAX) {
			return Exchange.of(this.relay, admitted(request, access, body), channel);
		}
		AtomicBoolean isExchanged = new AtomicBoolean();
		return Mono.fromCallable(() -> admitted(request, access, body)).subscribeOn(this.workers).doOnCancel(() -> {
			// Told also when only the exchange is left to be cancelled, and that has the
			// body.
			if (!isExchanged.get()) {
				body.release();
			}
		}).flatMap((call) -> {
			isExchanged.set(true);
			return Exchange.of(this.relay, call, channel);
		});
	}

	private Call admitted(ApiRequest request, ChannelAccess access, RequestBody body) {
		try {
			ChatRequest asked = ChatRequest.read(body.bytes());
			return new Call(request.id(), request.arrival(), access, request.headers(), body, asked,
					provider(access, asked.model()));
		}
		catch (InvalidRequest ex) {
			body.release();
			throw ApiError.of(ApiError.Code.of(ex.code()), String.valueOf(ex.getMessage()), ex.param());
		}
		catch (RuntimeException ex) {
			body.release();
			throw ex;
		}
	}

	private static Provider provider(ChannelAccess access, String model) {
		if (!access.allows(model)) {
			throw ApiError.of(ApiError.Code.MODEL_NOT_ALLOWED,
					"This key may not use the model '" + abbreviated(model) + "'", "model");
		}
		return access.providers().serving(model).orElseThrow(() -> notServed(access.providers().served(), model));
	}

	private static ApiError notServed(List<String> served, String model) {
		return ApiError.of(ApiError.Code.MODEL_NOT_FOUND,
				"The model '" + abbreviated(model) + "' is not served here. Served are: "
						+ (served.isEmpty() ? "none" : abbreviated(String.join(", ", served))),
				"model");
	}

	private static String abbreviated(String text) {
		return (text.length() <= 1000) ? text : text.substring(0, 1000) + "…";
	}

}
