package io.tallygate.stripe;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

import com.stripe.Stripe;
import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.agency.StripeConnection;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Metric;
import io.tallygate.core.Secret;
import io.tallygate.core.SecretBox;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Schedulers;

/**
 * Calls Stripe with an agency's key, once: Stripe's library blocks, so each call runs on
 * a thread of ours, and whoever wants a repeat has to say so. A call that began runs to
 * its end, whether or not somebody still waits for it.
 */
final class StripeCalls implements AutoCloseable {

	private static final int CLIENTS_MAX = 1_000;

	static {
		// The JDK would send a POST again by itself when a kept connection closes without
		// an answer, and the library would write a file and send telemetry.
		System.setProperty("sun.net.http.retryPost", "false");
		Stripe.enableTelemetry = false;
	}

	private final StripeProperties properties;

	private final Function<AgencyId, Mono<StripeConnection>> connections;

	private final Clock clock;

	private final MeterRegistry metrics;

	private final StripeThreads threads;

	private final Map<AgencyId, Opened> clients = new LinkedHashMap<>(16, 0.75f, true) {

		private static final long serialVersionUID = 1L;

		@Override
		protected boolean removeEldestEntry(Map.Entry<AgencyId, Opened> eldest) {
			return size() > CLIENTS_MAX;
		}

	};

	StripeCalls(StripeProperties properties, Function<AgencyId, Mono<StripeConnection>> connections, Clock clock,
			MeterRegistry metrics) {
		this.properties = properties;
		this.connections = connections;
		this.clock = clock;
		this.metrics = metrics;
		this.threads = new StripeThreads(properties);
		metrics.gauge(Metric.STRIPE_CALLS_ADMITTED.key(), this.threads, StripeThreads::admitted);
	}

	/** Calls with the key of the agency's connection. Fails with a StripeProblem only. */
	<T> Mono<T> call(AgencyId agency, Call<T> call) {
		return connection(agency).map(StripeConnection::secretKey).flatMap((key) -> call(agency, key, call));
	}

	/** The agency's connection. Fails with a StripeProblem only. */
	Mono<StripeConnection> connection(AgencyId agency) {
		return this.connections.apply(agency)
			.onErrorMap(StripeCalls::unreadable)
			.switchIfEmpty(Mono.error(() -> new StripeProblem(StripeProblem.Kind.NOT_CONNECTED, 0, "not_connected",
					"The agency has no Stripe connection")));
	}

	/** Calls with a key that is not, or not yet, the connection's. */
	<T> Mono<T> call(AgencyId agency, Secret key, Call<T> call) {
		return Mono.<T>create((sink) -> {
			Turn<T> turn = new Turn<>(agency, key, call, sink, this.clock.instant().plus(this.properties.waitMax()));
			if (!this.threads.offer(agency, turn)) {
				turn.refuse();
			}
		}).publishOn(Schedulers.parallel());
	}

	/** Lets the calls that began end. */
	@Override
	public void close() {
		this.threads.close();
	}

	private synchronized StripeClient client(AgencyId agency, Secret key) {
		Opened opened = this.clients.get(agency);
		if (opened == null || !opened.key().equals(key)) {
			opened = new Opened(key, client(key));
			this.clients.put(agency, opened);
		}
		return opened.client();
	}

	private StripeClient client(Secret key) {
		return StripeClient.builder()
			.setApiKey(key.reveal())
			.setApiBase(this.properties.baseFor(key))
			.setMeterEventsBase(this.properties.meterEventsBaseFor(key))
			.setConnectTimeout((int) this.properties.connectTimeout().toMillis())
			.setReadTimeout((int) this.properties.readTimeout().toMillis())
			.setMaxNetworkRetries(0)
			.build();
	}

	private void count(String outcome, Instant began) {
		this.metrics.timer(Metric.STRIPE_CALLS.key(), "outcome", outcome)
			.record(Duration.between(began, this.clock.instant()));
	}

	private static StripeProblem unreadable(Throwable cause) {
		if (cause instanceof SecretBox.CannotOpen) {
			return new StripeProblem(StripeProblem.Kind.NOT_CONNECTED, 0, "cannot_open",
					String.valueOf(cause.getMessage()));
		}
		return new StripeProblem(StripeProblem.Kind.NOT_SENT, 0, "not_sent",
				"The agency's Stripe key could not be read: " + cause.getClass().getSimpleName());
	}

	/** What is asked of Stripe. */
	@FunctionalInterface
	interface Call<T> {

		T on(StripeClient stripe) throws StripeException;

	}

	/** A client and the key that it was made for. */
	private record Opened(Secret key, StripeClient client) {
	}

	/** One call, from its place in the line to its answer. */
	private final class Turn<T> implements StripeThreads.Call {

		private final AgencyId agency;

		private final Secret key;

		private final Call<T> call;

		private final MonoSink<T> sink;

		private final Instant latest;

		private volatile boolean cancelled;

		Turn(AgencyId agency, Secret key, Call<T> call, MonoSink<T> sink, Instant latest) {
			this.agency = agency;
			this.key = key;
			this.call = call;
			this.sink = sink.onCancel(() -> this.cancelled = true);
			this.latest = latest;
		}

		@Override
		public void run() {
			if (this.cancelled) {
				return;
			}
			Instant began = StripeCalls.this.clock.instant();
			if (began.isAfter(this.latest)) {
				refuse();
				return;
			}
			try {
				T answer = this.call.on(client(this.agency, this.key));
				count("answered", began);
				this.sink.success(answer);
			}
			catch (StripeException | RuntimeException ex) {
				StripeProblem problem = StripeProblem.of(ex, this.key);
				count(problem.kind().name().toLowerCase(Locale.ROOT), began);
				this.sink.error(problem);
			}
		}

		@Override
		public void refuse() {
			this.sink.error(new StripeProblem(StripeProblem.Kind.NOT_SENT, 0, "not_sent",
					"Not sent: too many calls to Stripe wait for their turn"));
		}

	}

}
