package io.tallygate.relay;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.tallygate.core.Metric;

import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;
import org.springframework.util.StringUtils;

/**
 * Traces, where OpenTelemetry's own
 * <a href="https://opentelemetry.io/docs/languages/sdk-configuration/">settings</a> say
 * who collects them. Its queue holds 2,048 spans ({@code otel.bsp.max.queue.size}); what
 * finds it full is dropped, and told by the difference of the counters. Spans go over
 * HTTP; metrics and logs have ways of their own.
 */
@Configuration(proxyBeanMethods = false)
@Conditional(TracesConfiguration.Collected.class)
class TracesConfiguration {

	private static final Map<String, String> FIXED = Map.of("otel.metrics.exporter", "none", "otel.logs.exporter",
			"none", "otel.exporter.otlp.protocol", "http/protobuf", "otel.exporter.otlp.traces.protocol",
			"http/protobuf");

	@Bean(destroyMethod = "close")
	OpenTelemetrySdk openTelemetry(Environment environment, MeterRegistry registry) {
		Map<String, String> properties = new HashMap<>();
		if (!environment.getProperty("otel.resource.attributes", "").contains("service.name=")) {
			properties.put("otel.service.name", "tallygate");
		}
		Binder.get(environment)
			.bind("otel", Bindable.mapOf(String.class, String.class))
			.orElseGet(Map::of)
			.forEach((name, value) -> properties.put("otel." + name, value));
		return AutoConfiguredOpenTelemetrySdk.builder()
			.disableShutdownHook()
			.addPropertiesSupplier(() -> properties)
			.addPropertiesCustomizer((config) -> FIXED)
			.addTracerProviderCustomizer(
					(provider, config) -> provider.addSpanProcessor(new Ended(counter(registry, "ended"))))
			.addSpanExporterCustomizer((exporter, config) -> new Counted(exporter, counter(registry, "exported"),
					counter(registry, "failed")))
			.build()
			.getOpenTelemetrySdk();
	}

	@Bean
	GenAiTraces genAiTraces(OpenTelemetrySdk telemetry) {
		return new GenAiTraces(telemetry);
	}

	private static Counter counter(MeterRegistry registry, String outcome) {
		return Counter.builder(Metric.TELEMETRY_SPANS.key())
			.description(Metric.TELEMETRY_SPANS.description())
			.tag("outcome", outcome)
			.register(registry);
	}

	/** Somebody is named who collects spans. */
	static final class Collected implements Condition {

		@Override
		public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
			return StringUtils.hasText(context.getEnvironment().getProperty("otel.exporter.otlp.endpoint"));
		}

	}

	/** Counts the spans that are recorded. */
	private record Ended(Counter spans) implements SpanProcessor {

		@Override
		public void onStart(Context parent, ReadWriteSpan span) {
		}

		@Override
		public boolean isStartRequired() {
			return false;
		}

		@Override
		public void onEnd(ReadableSpan span) {
			this.spans.increment();
		}

		@Override
		public boolean isEndRequired() {
			return true;
		}

	}

	/** Counts the spans that were taken, and that were not. */
	private record Counted(SpanExporter exporter, Counter exported, Counter failed) implements SpanExporter {

		@Override
		public CompletableResultCode export(Collection<SpanData> spans) {
			CompletableResultCode result = this.exporter.export(spans);
			return result
				.whenComplete(() -> (result.isSuccess() ? this.exported : this.failed).increment(spans.size()));
		}

		@Override
		public CompletableResultCode flush() {
			return this.exporter.flush();
		}

		@Override
		public CompletableResultCode shutdown() {
			return this.exporter.shutdown();
		}

	}

}
