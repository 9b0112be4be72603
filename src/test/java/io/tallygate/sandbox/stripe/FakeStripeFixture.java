package io.tallygate.sandbox.stripe;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

import com.stripe.Stripe;
import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.model.Customer;
import com.stripe.model.billing.Meter;
import com.stripe.model.billing.MeterEvent;
import com.stripe.net.RequestOptions;
import com.stripe.param.CustomerCreateParams;
import com.stripe.param.billing.MeterCreateParams;
import com.stripe.param.billing.MeterEventCreateParams;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

/** A fake Stripe with a clock that moves by hand, and the real client in front of it. */
final class FakeStripeFixture implements AutoCloseable {

	static final SandboxKey KEY = SandboxKey.secret(SandboxKey.SECRET_PREFIX + "one", "acct_one", "One Agency");

	static final SandboxKey OTHER_KEY = SandboxKey.secret(SandboxKey.SECRET_PREFIX + "two", "acct_two", "Two Agency");

	/** A whole UTC day. */
	static final Instant START = Instant.parse("2026-11-02T00:00:00Z");

	private Instant now = START;

	private final FakeStripeOptions options;

	private FakeStripe stripe;

	FakeStripeFixture(Path directory) {
		this(FakeStripeOptions.in(directory).withKey(KEY).withKey(OTHER_KEY));
	}

	FakeStripeFixture(FakeStripeOptions options) {
		Stripe.enableTelemetry = false;
		InstantSource clock = () -> this.now;
		this.options = options.withClock(clock);
		this.stripe = FakeStripe.start(this.options);
	}

	FakeStripe stripe() {
		return this.stripe;
	}

	StripeClient client() {
		return client(KEY);
	}

	StripeClient client(SandboxKey key) {
		return client(key.secret().reveal());
	}

	StripeClient client(String key) {
		return StripeClient.builder()
			.setApiKey(key)
			.setApiBase(this.stripe.baseUrl().toString())
			.setMeterEventsBase(this.stripe.baseUrl().toString())
			.setConnectTimeout(2_000)
			.setReadTimeout(5_000)
			.setMaxNetworkRetries(0)
			.build();
	}

	void pass(Duration time) {
		this.now = this.now.plus(time);
	}

	Instant now() {
		return this.now;
	}

	/** Starts again on the same memory, as after a crash: nothing was closed. */
	void crash() {
		this.stripe = FakeStripe.start(this.options);
	}

	/** Stops, and starts again on the same memory. */
	void restart() {
		this.stripe.close();
		this.stripe = FakeStripe.start(this.options);
	}

	Customer customer() throws StripeException {
		return client().v1().customers().create(CustomerCreateParams.builder().setName("Acme").build());
	}

	Meter meter(String eventName) throws StripeException {
		return client().v1().billing().meters().create(meterParams(eventName));
	}

	static MeterCreateParams meterParams(String eventName) {
		return MeterCreateParams.builder()
			.setDisplayName("Tokens")
			.setEventName(eventName)
			.setDefaultAggregation(MeterCreateParams.DefaultAggregation.builder()
				.setFormula(MeterCreateParams.DefaultAggregation.Formula.SUM)
				.build())
			.build();
	}

	MeterEvent report(String eventName, String customer, String identifier, long value) throws StripeException {
		return report(event(eventName, customer, identifier, value).build(), identifier);
	}

	MeterEvent report(MeterEventCreateParams event, String idempotencyKey) throws StripeException {
		return client().v1()
			.billing()
			.meterEvents()
			.create(event, RequestOptions.builder().setIdempotencyKey(idempotencyKey).build());
	}

	static MeterEventCreateParams.Builder event(String eventName, String customer, String identifier, long value) {
		return MeterEventCreateParams.builder()
			.setEventName(eventName)
			.setIdentifier(identifier)
			.putPayload("stripe_customer_id", customer)
			.putPayload("value", Long.toString(value));
	}

	/** The refusal that the call meets. */
	static StripeException refusal(ThrowingCallable call) {
		return catchThrowableOfType(StripeException.class, call);
	}

	/** A call without the client. */
	HttpResponse<String> http(String method, String path, String contentType, String body, String... headers) {
		HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(this.stripe.baseUrl() + path))
			.method(method, HttpRequest.BodyPublishers.ofString(body))
			.header("Content-Type", contentType)
			.timeout(Duration.ofSeconds(5));
		if (headers.length > 0) {
			request.headers(headers);
		}
		try {
			return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
		}
		catch (java.io.IOException | InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	HttpResponse<String> post(String path, String form, String... headers) {
		return http("POST", path, "application/x-www-form-urlencoded", form, withKey(headers));
	}

	HttpResponse<String> get(String path) {
		return http("GET", path, "text/plain", "", withKey());
	}

	private static String[] withKey(String... headers) {
		String[] all = java.util.Arrays.copyOf(headers, headers.length + 2);
		all[headers.length] = "Authorization";
		all[headers.length + 1] = "Bearer " + KEY.secret().reveal();
		return all;
	}

	@Override
	public void close() {
		this.stripe.close();
	}

}
