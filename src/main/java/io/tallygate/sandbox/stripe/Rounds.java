package io.tallygate.sandbox.stripe;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * The thread that lets time pass: several times a second it has done what is due, and
 * posts the webhooks that are.
 */
final class Rounds implements AutoCloseable {

	private static final Duration PAUSE = Duration.ofMillis(200);

	/** Stripe waits longer; nobody in a sandbox has to. */
	private static final Duration ANSWER_MAX = Duration.ofSeconds(10);

	private static final HttpClient HTTP = HttpClient.newBuilder()
		.version(HttpClient.Version.HTTP_1_1)
		.connectTimeout(Duration.ofSeconds(2))
		.followRedirects(HttpClient.Redirect.NEVER)
		.build();

	private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor((task) -> {
		Thread thread = new Thread(task, "fake-stripe-rounds");
		thread.setDaemon(true);
		return thread;
	});

	private final Supplier<List<Deliveries.Parcel>> round;

	private final BiFunction<Deliveries.Parcel, Boolean, CompletableFuture<?>> settle;

	Rounds(Supplier<List<Deliveries.Parcel>> round,
			BiFunction<Deliveries.Parcel, Boolean, CompletableFuture<?>> settle) {
		this.round = round;
		this.settle = settle;
	}

	/** The future of all rounds never ends by itself; closing ends it. */
	@SuppressWarnings("FutureReturnValueIgnored")
	void start() {
		this.thread.scheduleWithFixedDelay(this::pass, PAUSE.toMillis(), PAUSE.toMillis(), TimeUnit.MILLISECONDS);
	}

	private void pass() {
		try {
			this.round.get().forEach(this::post);
		}
		catch (CompletionException | IllegalStateException ex) {
			// The fake Stripe is closing, or its disk failed: it says so to its callers.
		}
	}

	/** Each way in which this can end is settled, so nobody waits for the end. */
	@SuppressWarnings("FutureReturnValueIgnored")
	private void post(Deliveries.Parcel parcel) {
		HttpRequest request = HttpRequest.newBuilder(URI.create(parcel.url()))
			.timeout(ANSWER_MAX)
			.header("Content-Type", "application/json; charset=utf-8")
			.header("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
			.header("Stripe-Signature", parcel.signature())
			.POST(HttpRequest.BodyPublishers.ofString(parcel.payload()))
			.build();
		HTTP.sendAsync(request, HttpResponse.BodyHandlers.discarding())
			.handle((answer, failure) -> failure == null && answer.statusCode() / 100 == 2)
			.thenCompose((isTaken) -> this.settle.apply(parcel, isTaken));
	}

	/** What is under way ends by itself. */
	@Override
	public void close() {
		this.thread.shutdownNow();
	}

}
