package io.tallygate.sandbox.stripe;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

import io.tallygate.core.Ids;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/**
 * A Stripe on loopback, reached over HTTP like the real one. It answers only to keys that
 * were made here, keeps everything that it accepted in a journal on disk, and can be told
 * to fail.
 */
public final class FakeStripe implements AutoCloseable {

	private final Faults faults;

	private final Journal journal;

	private final Clerk clerk;

	private final ControlDesk controlDesk;

	private final StripeServer server;

	private final Desk desk;

	private final Rounds rounds;

	private FakeStripe(FakeStripeOptions options) throws IOException {
		Ids ids = new Ids(options.clock(), options.random());
		Accounts accounts = new Accounts();
		this.faults = new Faults();
		this.journal = Journal.open(options.directory(), accounts::replay);
		options.keys().forEach((key) -> accounts.open(key, options.clock().instant()));
		Desk desk = new Desk(accounts, this.faults, options, ids);
		this.desk = desk;
		this.journal.append(plant(options, accounts, desk));
		this.controlDesk = new ControlDesk(accounts, this.faults, desk, options.clock(), ids);
		this.clerk = new Clerk(this.journal);
		this.clerk.start();
		this.server = new StripeServer(options, (http) -> Mono.fromFuture(this.clerk.submit(
				() -> http.path().startsWith(ControlDesk.PREFIX) ? this.controlDesk.handle(http) : desk.handle(http)),
				true));
		this.rounds = new Rounds(() -> pass(accounts),
				(parcel, isTaken) -> this.clerk.submit(() -> desk.settle(parcel, isTaken)));
		this.rounds.start();
	}

	private List<Deliveries.Parcel> pass(Accounts accounts) {
		List<String> open = this.clerk.submit(() -> Outcome.unchanged(accounts.ids())).join();
		return open.stream().flatMap((id) -> this.clerk.submit(() -> this.desk.pass(id)).join().stream()).toList();
	}

	/**
	 * Starts one, its memory read back and its seeds planted; blocks until it listens.
	 */
	public static FakeStripe start(FakeStripeOptions options) {
		try {
			return new FakeStripe(options);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Makes the seeds that are not there yet, by the same rules as any call. Their time
	 * is a whole minute, so that billing periods begin where event summaries can.
	 */
	private static List<ObjectNode> plant(FakeStripeOptions options, Accounts accounts, Desk desk) {
		Instant now = options.clock().instant().truncatedTo(ChronoUnit.MINUTES);
		return options.seeds()
			.stream()
			.filter((seed) -> accounts.account(seed.key().account()).find(seed.id()) == null)
			.map((seed) -> plant(seed, desk, now))
			.toList();
	}

	private static ObjectNode plant(Seed seed, Desk desk, Instant now) {
		String form = seed.form()
			.entrySet()
			.stream()
			.map((entry) -> encode(entry.getKey()) + "=" + encode(entry.getValue()))
			.collect(Collectors.joining("&"));
		HttpCall call = new HttpCall("POST", seed.path(), form, "", "Bearer " + seed.key().secret().reveal(), null,
				null, seed.id(), new LaneHold(Set.of()), "");
		Outcome<Answer> outcome = desk.handle(call, now);
		if (outcome.line() == null) {
			throw new IllegalArgumentException("The seed " + seed.id() + " was refused: " + outcome.value().body());
		}
		return outcome.line();
	}

	private static String encode(String text) {
		return URLEncoder.encode(text, StandardCharsets.UTF_8);
	}

	/** The port that it listens on. */
	public int port() {
		return this.server.port();
	}

	/** Where a Stripe client is to be pointed. */
	public URI baseUrl() {
		return URI.create("http://127.0.0.1:" + port());
	}

	/** Makes the next reports of usage go wrong. */
	public void fail(Fault fault) {
		this.faults.add(fault);
	}

	/** Takes back the faults that nobody has met yet. */
	public void clearFaults() {
		this.faults.clear();
	}

	/**
	 * A new account with a new key to it; a restricted one if permissions are given.
	 * Waits for the disk, so not for event loops.
	 */
	public SandboxKey newKey(String account, String accountName, @Nullable Set<String> permissions) {
		return this.clerk.submit(() -> this.controlDesk.makeKey(account, accountName, permissions)).join();
	}

	/**
	 * Every meter event that was accepted, by account and in order of arrival. Waits for
	 * calls that are being dealt with, so not for event loops.
	 */
	public List<AcceptedEvent> transcript() {
		return this.clerk.submit(() -> Outcome.unchanged(this.controlDesk.events(null))).join();
	}

	/**
	 * Reports of usage that were refused because another for the same customer and meter
	 * was under way.
	 */
	public long overlaps() {
		return this.desk.overlaps();
	}

	/**
	 * Refuses after all what was accepted: the events are not counted any more, and an
	 * error report says so to who listens. Waits for the disk, so not for event loops.
	 */
	public void refuseLater(String account, String eventName, String code, List<String> identifiers) {
		this.clerk.submit(() -> this.desk.refuseLater(account, eventName, code, identifiers)).join();
	}

	/** Ends the account's sessions of the meter event stream. Waits for the disk. */
	public void expireSessions(String account) {
		this.clerk.submit(() -> this.desk.expireSessions(account)).join();
	}

	@Override
	public void close() {
		this.rounds.close();
		this.server.close();
		this.clerk.close();
		try {
			this.journal.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
