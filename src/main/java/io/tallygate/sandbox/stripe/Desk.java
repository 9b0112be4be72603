package io.tallygate.sandbox.stripe;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

import io.tallygate.core.Ids;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where a call is dealt with, one at a time:
 * <ol>
 * <li>the key, or the session that one has opened, says whose account it is;</li>
 * <li>the path says what is asked, and the key whether it may be;</li>
 * <li>a meter event must find its lane free, and meets the fault that waits for it;</li>
 * <li>a repeated Idempotency-Key gets the answer that it got before;</li>
 * <li>the resource answers or refuses;</li>
 * <li>what it changed takes effect, and is noted for the journal with the answer.</li>
 * </ol>
 */
final class Desk {

	/** What a call without a version of its own is answered as. */
	private static final String VERSION = "2026-07-29.dahlia";

	private static final String GARBAGE = "<html><body><h1>Welcome to the proxy</h1></body></html>";

	private final Accounts accounts;

	private final Faults faults;

	private final InstantSource clock;

	private final Ids ids;

	private final List<Route> routes;

	private final Recorder recorder = new Recorder(VERSION);

	private final Biller biller;

	private final Deliveries deliveries;

	private final Pages pages;

	private final AtomicLong overlaps = new AtomicLong();

	Desk(Accounts accounts, Faults faults, FakeStripeOptions options, Ids ids) {
		this.accounts = accounts;
		this.faults = faults;
		this.clock = options.clock();
		this.ids = ids;
		Aggregation aggregation = new Aggregation(options.aggregationLag());
		Invoices invoices = new Invoices(aggregation);
		this.biller = new Biller(invoices);
		this.deliveries = new Deliveries(options.webhookPause());
		this.pages = new Pages(accounts, this.recorder, ids);
		this.routes = Stream
			.of(new AccountResource().routes(), new CustomerResource().routes(), new ProductResource().routes(),
					new PriceResource().routes(), new MeterResource().routes(), new MeterEventResource().routes(),
					new MeterEventStreamResource().routes(), new EventSummaryResource(aggregation).routes(),
					new SubscriptionResource().routes(), new SetupIntentResource().routes(),
					new PaymentMethodResource().routes(), new CheckoutSessionResource().routes(),
					new BillingPortalResource().routes(), new InvoiceResource(invoices, this.biller).routes(),
					new EventResource().routes(), new WebhookEndpointResource().routes(),
					new EventDestinationResource().routes(), new ThinEvents().routes())
			.flatMap(List::stream)
			.toList();
	}

	/** Calls refused because another of the same customer and meter was under way. */
	long overlaps() {
		return this.overlaps.get();
	}

	/** Every call that is served. */
	List<Route> routes() {
		return this.routes;
	}

	Outcome<Answer> handle(HttpCall http) {
		return Pages.isOne(http.path()) ? this.pages.handle(http, this.clock.instant())
				: handle(http, this.clock.instant());
	}

	/** Does what is due of one account by now, and takes up webhooks that are. */
	Outcome<List<Deliveries.Parcel>> pass(String id) {
		Account account = this.accounts.account(id);
		Call call = Call.byTime(account, this.clock.instant(), this.ids);
		this.biller.round(call);
		ObjectNode line = applied(call, "", null);
		return new Outcome<>(this.deliveries.takeDue(account, call.now()), line);
	}

	/** What became of a webhook that was posted. */
	Outcome<Boolean> settle(Deliveries.Parcel parcel, boolean isTaken) {
		return this.deliveries.settle(this.accounts.account(parcel.account()), parcel.delivery(), isTaken,
				this.clock.instant());
	}

	/** Stripe refuses after all what it had accepted. */
	Outcome<String> refuseLater(String accountId, String eventName, String code, List<String> identifiers) {
		Account account = this.accounts.account(accountId);
		ObjectNode meter = MeterResource.byEventName(account, eventName);
		if (meter == null) {
			throw new IllegalArgumentException("There is no meter of the event name " + eventName);
		}
		Call call = Call.byTime(account, this.clock.instant(), this.ids);
		List<AcceptedEvent> events = identifiers.stream()
			.map((identifier) -> account.events().holder(identifier, call.now()))
			.filter(Objects::nonNull)
			.toList();
		ObjectNode event = ThinEvents.refuseLater(call, meter, code, events);
		return new Outcome<>(Json.text(event, "id"), applied(call, "", null));
	}

	/** Ends the account's sessions before their time. */
	Outcome<Boolean> expireSessions(String accountId) {
		Call call = Call.byTime(this.accounts.account(accountId), this.clock.instant(), this.ids);
		MeterEventStreamResource.expire(call);
		return new Outcome<>(true, applied(call, "", null));
	}

	/**
	 * The period of a subscription ends now, as if its time had passed; what follows,
	 * follows by itself.
	 */
	Outcome<ObjectNode> endPeriod(String id) {
		Account account = this.accounts.all()
			.stream()
			.filter((each) -> each.find(SubscriptionResource.KIND, id) != null)
			.findFirst()
			.orElseThrow(() -> new IllegalArgumentException("There is no subscription " + id));
		ObjectNode subscription = Objects.requireNonNull(account.find(SubscriptionResource.KIND, id)).deepCopy();
		Call call = Call.byTime(account, this.clock.instant(), this.ids);
		ObjectNode ending = SubscriptionResource.endPeriod(call, subscription);
		return new Outcome<>(ending, applied(call, "", null));
	}

	/** Lets the changes of a call take effect; the line for the journal, if any. */
	private @Nullable ObjectNode applied(Call call, String requestId, @Nullable String idempotencyKey) {
		this.recorder.record(call, requestId, idempotencyKey);
		call.changes().forEach(call.account()::apply);
		return call.changes().isEmpty() ? null : Recorder.line(call);
	}

	/** Deals with a call at a time of the caller's choice, which seeds need. */
	Outcome<Answer> handle(HttpCall http, Instant now) {
		String requestId = this.ids.next("req_");
		Outcome<Answer> outcome;
		try {
			outcome = serve(http, now, requestId);
		}
		catch (StripeProblem ex) {
			outcome = Outcome.unchanged(refusal(ex, requestId));
		}
		Answer answer = outcome.value()
			.with("Request-Id", requestId)
			.with("Stripe-Version", (http.stripeVersion() != null) ? http.stripeVersion() : VERSION);
		if (http.idempotencyKey() != null) {
			answer = answer.with("Idempotency-Key", http.idempotencyKey());
		}
		return new Outcome<>(answer, outcome.line());
	}

	private static Answer refusal(StripeProblem problem, String requestId) {
		Answer answer = Answer.of(problem.status(), Json.write(problem.body(requestId)));
		return switch (problem.status()) {
			case 400 -> answer.with("stripe-should-retry", "false");
			case 429 -> answer.with("Stripe-Rate-Limited-Reason", problem.rateLimitedReason());
			default -> answer;
		};
	}

	private Outcome<Answer> serve(HttpCall http, Instant now, String requestId) {
		SandboxKey key = http.path().equals(MeterEventStreamResource.URL)
				? MeterEventStreamResource.authenticate(this.accounts, http.key(), now) : authenticate(http.key());
		Params params = http.params();
		Account account = this.accounts.account(key.account());
		Found found = find(http);
		if (!key.may(found.route().permission())) {
			throw new StripeProblem(403, "invalid_request_error", null, null,
					"The provided key '" + masked(key.secret().reveal()) + "' does not have the required permissions"
							+ " for this endpoint on account '" + account.id() + "'. Having the '"
							+ found.route().permission() + "' permission would allow this request to continue.");
		}
		Call call = new Call(account, params, found.ids(), now, this.ids, http.chosenId(), http.origin());
		Fault fault = fault(http, found.route(), account, params);
		Answer early = (fault != null) ? before(fault, requestId) : null;
		if (early != null) {
			return conclude(http, call, requestId, early, early.status() == 500);
		}
		StoredAnswers.Stored stored = stored(http, call);
		if (stored != null) {
			return Outcome.unchanged(Answer.of(stored.status(), stored.body())
				.with("Idempotent-Replayed", "true")
				.with("Original-Request", stored.requestId()));
		}
		found.route().allowed().check(params);
		ObjectNode body = Expansion.expand(call, found.route().handler().apply(call));
		applied(call, requestId, http.idempotencyKey());
		Answer answer = Answer.of(200, Json.write(body));
		return conclude(http, call, requestId, (fault != null) ? after(fault, answer, requestId) : answer, true);
	}

	private SandboxKey authenticate(String secret) {
		if (secret.isEmpty()) {
			throw StripeProblem.unauthorized("You did not provide an API key. You need to provide your API key in the"
					+ " Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').");
		}
		SandboxKey key = this.accounts.key(secret);
		if (key == null) {
			throw StripeProblem.unauthorized("Invalid API Key provided: " + masked(secret));
		}
		return key;
	}

	private static String masked(String secret) {
		return (secret.length() < 16) ? "****"
				: secret.substring(0, 8) + "****" + secret.substring(secret.length() - 4);
	}

	private Found find(HttpCall http) {
		for (Route route : this.routes) {
			List<String> pathIds = route.match(http.method(), http.path());
			if (pathIds != null) {
				return new Found(route, pathIds);
			}
		}
		throw new StripeProblem(404, "invalid_request_error", null, null,
				"Unrecognized request URL (" + http.method() + ": " + http.path() + ").");
	}

	private @Nullable Fault fault(HttpCall http, Route route, Account account, Params params) {
		if (route.path().equals(MeterEventResource.URL)) {
			return occupy(http, account, params);
		}
		if (route.path().equals(MeterEventStreamResource.URL)) {
			return this.faults.next(account.id(), null);
		}
		return http.method().equals("POST") ? this.faults.next(account.id(), http.path()) : null;
	}

	/** Takes the lane of a meter event, and the fault that waits for it. */
	private @Nullable Fault occupy(HttpCall http, Account account, Params params) {
		if (!http.hold().take(MeterEventResource.lane(account, params))) {
			this.overlaps.incrementAndGet();
			throw StripeProblem.tooManyRequests("resource-specific",
					"Only one call at a time may report usage of a customer for a meter.");
		}
		return this.faults.next(account.id(), null);
	}

	/** The answer of a fault that strikes before the event is taken. */
	private static @Nullable Answer before(Fault fault, String requestId) {
		return switch (fault.kind()) {
			case RATE_LIMITED -> throw StripeProblem.tooManyRequests("endpoint-rate",
					"Request rate limit exceeded. You can learn more at https://docs.stripe.com/rate-limits");
			case UNAUTHORIZED -> throw StripeProblem.unauthorized("Expired API Key provided");
			case SERVER_ERROR -> refusal(StripeProblem.serverError(), requestId);
			case HANG -> Answer.of(200, "").meets(Answer.Fate.WITHHELD);
			case GARBAGE -> Answer.of(200, GARBAGE).with("Content-Type", "text/html");
			default -> null;
		};
	}

	/** What a fault that strikes afterwards makes of the answer. */
	private static Answer after(Fault fault, Answer answer, String requestId) {
		return switch (fault.kind()) {
			case SERVER_ERROR_AFTER_COMMIT -> refusal(StripeProblem.serverError(), requestId);
			case HANG_AFTER_COMMIT -> answer.meets(Answer.Fate.WITHHELD);
			case DROP_ANSWER -> answer.meets(Answer.Fate.DROPPED);
			case SLOW -> answer.after(fault.delay());
			default -> answer;
		};
	}

	private static StoredAnswers.@Nullable Stored stored(HttpCall http, Call call) {
		String key = http.idempotencyKey();
		if (key == null || !http.method().equals("POST")) {
			return null;
		}
		if (key.length() > 255) {
			throw StripeProblem.invalid(null, null, "An Idempotency-Key has at most 255 characters.");
		}
		StoredAnswers.Stored stored = call.account().storedAnswers().find(key, call.now());
		if (stored != null && !stored.fingerprint().equals(call.params().fingerprint(http.path()))) {
			throw new StripeProblem(400, "idempotency_error", null, null,
					"Keys for idempotent requests can only be used with the same parameters they were first used with."
							+ " Try using a key other than '" + key + "' if you meant to execute a different request.");
		}
		return stored;
	}

	/** Stores the answer under its Idempotency-Key, and notes it with the changes. */
	private static Outcome<Answer> conclude(HttpCall http, Call call, String requestId, Answer answer,
			boolean isToBeStored) {
		Account account = call.account();
		ObjectNode line = Recorder.line(call);
		String key = http.idempotencyKey();
		boolean isStored = isToBeStored && key != null && http.method().equals("POST")
				&& account.storedAnswers().find(key, call.now()) == null;
		if (isStored && key != null) {
			StoredAnswers.Stored stored = new StoredAnswers.Stored(key, call.params().fingerprint(http.path()),
					requestId, answer.status(), answer.body(), call.now());
			account.storedAnswers().add(stored);
			line.set("answer", stored.json());
		}
		return (isStored || !call.changes().isEmpty()) ? new Outcome<>(answer, line) : Outcome.unchanged(answer);
	}

	/** A route and the ids that the path has in it. */
	private record Found(Route route, List<String> ids) {
	}

}
