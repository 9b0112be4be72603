package io.tallygate.relay;

import java.time.Instant;

import io.netty.handler.codec.http.HttpHeaders;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The exchanges as spans under the names that OpenTelemetry has for generative AI
 * (<a href="https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans">semantic
 * conventions</a>), in the trace that the caller names by {@code traceparent}. A span is
 * made when its exchange is settled, from what is billed. No client is named: the request
 * id leads to it for whoever may read the ledger.
 */
final class GenAiTraces {

	private static final Logger logger = LoggerFactory.getLogger(GenAiTraces.class);

	/** Nobody is told. */
	static final GenAiTraces NONE = new GenAiTraces(OpenTelemetry.noop(), false);

	private static final AttributeKey<String> OPERATION = AttributeKey.stringKey("gen_ai.operation.name");

	private static final AttributeKey<String> PROVIDER = AttributeKey.stringKey("gen_ai.provider.name");

	private static final AttributeKey<String> MODEL = AttributeKey.stringKey("gen_ai.request.model");

	private static final AttributeKey<Long> INPUT = AttributeKey.longKey("gen_ai.usage.input_tokens");

	private static final AttributeKey<Long> OUTPUT = AttributeKey.longKey("gen_ai.usage.output_tokens");

	private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");

	private static final AttributeKey<Long> HTTP_STATUS = AttributeKey.longKey("http.response.status_code");

	private static final AttributeKey<String> REQUEST = AttributeKey.stringKey("tallygate.request.id");

	private static final AttributeKey<String> STATUS = AttributeKey.stringKey("tallygate.status");

	private static final AttributeKey<Boolean> LEFT = AttributeKey.booleanKey("tallygate.client.disconnected");

	private final Tracer tracer;

	private final TextMapPropagator propagator;

	private final boolean isWanted;

	/**
	 * @param telemetry by which spans go to whoever collects them
	 */
	GenAiTraces(OpenTelemetry telemetry) {
		this(telemetry, true);
	}

	private GenAiTraces(OpenTelemetry telemetry, boolean isWanted) {
		this.tracer = telemetry.getTracer("io.tallygate");
		this.propagator = telemetry.getPropagators().getTextMapPropagator();
		this.isWanted = isWanted;
	}

	/**
	 * An exchange was settled. Never fails.
	 * @param call who asked whom for what
	 * @param begun when it was opened
	 * @param outcome the end
	 * @param ended when that was
	 */
	void ended(Call call, Instant begun, Outcome outcome, Instant ended) {
		if (!this.isWanted) {
			return;
		}
		try {
			tell(call, begun, outcome, ended);
		}
		catch (RuntimeException ex) {
			logger.warn("{} could not be traced", call.id(), ex);
		}
	}

	private void tell(Call call, Instant begun, Outcome outcome, Instant ended) {
		SpanBuilder builder = this.tracer.spanBuilder("chat " + outcome.model())
			.setSpanKind(SpanKind.CLIENT)
			.setParent(this.propagator.extract(Context.root(), call.headers(), Headers.GETTER))
			.setStartTimestamp(begun)
			.setAttribute(OPERATION, "chat")
			.setAttribute(PROVIDER, call.provider().kind().text())
			.setAttribute(MODEL, outcome.model())
			.setAttribute(HTTP_STATUS, (long) outcome.httpStatus())
			.setAttribute(REQUEST, call.id().value())
			.setAttribute(STATUS, outcome.status().text())
			.setAttribute(LEFT, outcome.clientDisconnected());
		Usage usage = outcome.usage();
		if (usage != null) {
			builder.setAttribute(INPUT, Usage.orZero(usage.input())).setAttribute(OUTPUT, Usage.orZero(usage.output()));
		}
		if (outcome.httpStatus() >= 400) {
			builder.setAttribute(ERROR, Integer.toString(outcome.httpStatus()));
		}
		Span span = builder.startSpan();
		if (outcome.httpStatus() >= 400) {
			span.setStatus(StatusCode.ERROR);
		}
		span.end(ended);
	}

	/** Reads {@code traceparent} and its like. */
	private enum Headers implements TextMapGetter<HttpHeaders> {

		GETTER;

		@Override
		public Iterable<String> keys(HttpHeaders headers) {
			return headers.names();
		}

		@Override
		public @Nullable String get(@Nullable HttpHeaders headers, String name) {
			return (headers != null) ? headers.get(name) : null;
		}

	}

}
