package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.nemesis.Attempt.Ending;
import io.tallygate.sandbox.provider.Transcript;
import io.tallygate.sandbox.stripe.AcceptedEvent;
import io.tallygate.support.Wait;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Holds what apps saw and what the provider wrote down against the ledger, and the ledger
 * against what Stripe wrote down:
 * <ul>
 * <li>after each fault, for all that was asked before it was put right;</li>
 * <li>at the end, when nothing moves any more, for everything, from the files.</li>
 * </ul>
 */
final class Audit {

	private static final int REST_SECONDS_MAX = 300;

	private static final int SHOWN_MAX = 10;

	/** An answer may still come to one who was not told of it. */
	private static final int ANSWER_MILLIS_MAX = 5000;

	private static final JsonMapper JSON = JsonMapper.shared();

	private final Scene scene;

	private final Load load;

	private final Deaths deaths;

	private final boolean arePairs;

	private final Tables tables;

	private final Map<String, Line> lines = new HashMap<>();

	private final Map<String, Line> linesOfProvider = new HashMap<>();

	/** Apps whose gateway died, or whose provider was cut off, while they waited. */
	private final Set<String> excused = ConcurrentHashMap.newKeySet();

	private final Map<String, Customer> customers;

	private final Set<String> orphansExpected = new HashSet<>();

	private final Map<Ending, Long> endings = new TreeMap<>();

	private final List<String> lost = new ArrayList<>();

	/**
	 * What the whole came to.
	 *
	 * @param reported answers whose usage the provider sent
	 * @param tokens of them
	 * @param billed lines
	 * @param estimated lines
	 * @param free lines
	 * @param drift tokens in which lines and answers to the same request differ
	 * @param missing answers that must have a line and have none
	 * @param doubled answers with two lines, and identifiers accepted twice by Stripe
	 * @param cutOff answers that did not arrive, because their gateway was dead or the
	 * way was cut: listed as orphans, free or estimated
	 * @param orphans listed
	 * @param marked exchanges marked open at the kills, and not in the ledger
	 * @param units at Stripe
	 */
	record Sums(long reported, long tokens, long billed, long estimated, long free, long drift, long missing,
			long doubled, long cutOff, long orphans, long marked, long units) {
	}

	Audit(Scene scene, Load load, Deaths deaths, boolean arePairs) {
		this.scene = scene;
		this.load = load;
		this.deaths = deaths;
		this.arePairs = arePairs;
		this.tables = new Tables(scene.postgres().sql());
		this.customers = scene.customers().stream().collect(Collectors.toMap(Customer::id, (customer) -> customer));
	}

	/** Waits until all that was asked before now is where it belongs. */
	void rest() {
		Wait.until("health of everybody", REST_SECONDS_MAX, this::isEverybodyWell);
		long before = System.currentTimeMillis();
		OffsetDateTime beforeInTables = this.tables.now();
		List<List<String>> last = new ArrayList<>();
		Wait.until("rest", REST_SECONDS_MAX, () -> {
			List<String> unsettled = unsettled(before, beforeInTables);
			last.clear();
			last.add(unsettled);
			return unsettled.isEmpty();
		}, () -> some(last.get(0)));
		judge(this.load.unjudgedBefore(before));
		this.deaths.settled();
		nothingContradictsItself();
	}

	private boolean isEverybodyWell() {
		return this.scene.postgres().isUp() && this.scene.redis().isWhole()
				&& this.scene.gateways().stream().allMatch(Gateway::isWell);
	}

	private List<String> unsettled(long before, OffsetDateTime beforeInTables) {
		if (!this.load.hasEndedAllBefore(before)) {
			return List.of("Apps still wait for answers");
		}
		readLines();
		List<Attempt> attempts = this.load.unjudgedBefore(before);
		List<String> unsettled = new ArrayList<>();
		Set<String> orphans = this.tables.orphans();
		for (Attempt attempt : attempts) {
			String why = unsettled(attempt, orphans);
			if (!why.isEmpty()) {
				unsettled.add(attempt + ": " + why);
			}
		}
		unsettled.addAll(this.tables.waitingSince(beforeInTables));
		if (!this.arePairs) {
			unsettled.addAll(wrongOrphans(orphans));
		}
		return unsettled;
	}

	private List<String> wrongOrphans(Set<String> orphans) {
		List<String> wrong = new ArrayList<>();
		Set<String> expected = expectedOrphans();
		expected.stream()
			.filter((request) -> !orphans.contains(request))
			.forEach((request) -> wrong.add(request + " was open when its gateway died, and is nowhere"));
		orphans.stream()
			.filter((request) -> !expected.contains(request))
			.forEach((request) -> wrong.add(request + " is listed as an orphan, and was not open at a death"));
		return wrong;
	}

	private void readLines() {
		for (Line line : this.tables.newLines()) {
			this.lines.put(line.request(), line);
			if (!line.providerRequest().isEmpty()) {
				this.linesOfProvider.put(line.providerRequest(), line);
			}
		}
	}

	private Set<String> expectedOrphans() {
		Set<String> expected = new HashSet<>(this.orphansExpected);
		expected.addAll(this.deaths.orphans(this.tables.living(), this.lines::containsKey));
		return expected;
	}

	/** Why an attempt is not where it belongs, "" when it is. */
	private String unsettled(Attempt attempt, Set<String> orphans) {
		boolean sawAll = attempt.ending() == Ending.COMPLETE;
		Line own = this.lines.get(attempt.requestId());
		if (mayBeLost(attempt) && own == null) {
			return "";
		}
		if (sawAll && own == null) {
			return "its app saw all of the answer, and the ledger has no line";
		}
		if (attempt.answers().isEmpty()) {
			return sawAll ? "its app saw an answer that the provider knows nothing of" : "";
		}
		for (Transcript.Answer answer : attempt.answers()) {
			Line line = this.linesOfProvider.get(answer.requestId());
			if (line == null && own == null && !isListed(attempt, orphans)) {
				return "the provider answered, and the ledger has no line of " + answer;
			}
			if (line != null && !agrees(line, answer, attempt)) {
				return line + " is not what was answered: " + answer;
			}
		}
		return "";
	}

	/**
	 * Its entry was in the memory of a gateway that was killed, and in a store that lost
	 * it or could not be reached at the same time.
	 */
	private boolean mayBeLost(Attempt attempt) {
		return this.arePairs && attempt.sawItsGatewayDie();
	}

	/** Where the app never heard by what id the gateway knows it, the sums must do. */
	private static boolean isListed(Attempt attempt, Set<String> orphans) {
		return isExcused(attempt) && (attempt.requestId().isEmpty() || orphans.contains(attempt.requestId()));
	}

	private static boolean isExcused(Attempt attempt) {
		return attempt.ending() != Ending.COMPLETE && (attempt.sawItsGatewayDie() || attempt.sawTheProviderCutOff());
	}

	/** What was not reported is estimated or free, and says so. */
	private boolean agrees(Line line, Transcript.Answer answer, Attempt attempt) {
		if (!answer.isReported() || (!line.isBilled() && attempt.sawTheProviderCutOff())) {
			return !line.isBilled();
		}
		return line.isBilled() && line.tokens() == answer.totalTokens() && line
			.quantity() == this.customers.get(line.client()).quantity(answer.promptTokens(), answer.completionTokens());
	}

	private void judge(List<Attempt> attempts) {
		long old = System.currentTimeMillis() - ANSWER_MILLIS_MAX;
		List<Attempt> judged = attempts.stream()
			.filter((attempt) -> !attempt.answers().isEmpty() || attempt.begunMillis() < old)
			.toList();
		for (Attempt attempt : judged) {
			this.endings.merge(attempt.ending(), 1L, Long::sum);
			if (isExcused(attempt) || mayBeLost(attempt)) {
				this.excused.add(attempt.tag());
			}
			if (mayBeLost(attempt) && attempt.ending() == Ending.COMPLETE
					&& !this.lines.containsKey(attempt.requestId())) {
				this.lost.add(attempt.toString());
			}
		}
		this.load.judged(judged);
		this.orphansExpected.addAll(expectedOrphans());
	}

	/** Holds at any instant, under load too. */
	private void nothingContradictsItself() {
		Map<String, Long> accepted = accepted();
		List<String> faults = new ArrayList<>(this.tables.faults());
		faults.addAll(this.scene.redis().held(keys(this.tables.accounts())).faults());
		faults.addAll(tooMuch(accepted));
		if (!faults.isEmpty()) {
			throw new AssertionError(some(faults));
		}
	}

	private static Set<String> keys(List<Tables.Account> accounts) {
		return accounts.stream().map(Tables.Account::key).collect(Collectors.toSet());
	}

	/** Stripe has been asked first: what it has must be owed already. */
	private List<String> tooMuch(Map<String, Long> accepted) {
		Map<String, Long> cut = this.tables.cut();
		return accepted.entrySet()
			.stream()
			.filter((customer) -> customer.getValue() > cut.getOrDefault(customer.getKey(), 0L))
			.map((customer) -> "Stripe has " + customer.getValue() + " units of " + customer.getKey() + ", cut are "
					+ cut.get(customer.getKey()))
			.toList();
	}

	private Map<String, Long> accepted() {
		return this.scene.stripe()
			.transcript()
			.stream()
			.collect(Collectors.groupingBy((event) -> event.account() + "/" + event.customer(),
					Collectors.summingLong(AcceptedEvent::value)));
	}

	/** When nobody asks any more: waits until nothing moves, and compares everything. */
	Sums end() {
		Wait.until("end of all requests", REST_SECONDS_MAX, () -> this.load.underWay() == 0);
		rest();
		Wait.until("end of the deliveries", REST_SECONDS_MAX, () -> this.tables.uncut().isEmpty(),
				() -> some(this.tables.uncut()));
		List<Tables.Account> accounts = this.tables.accounts();
		Wait.until("rest of Redis", REST_SECONDS_MAX, () -> atRedis(accounts).isEmpty(), () -> some(atRedis(accounts)));
		readLines();
		List<String> faults = new ArrayList<>();
		Sums sums = compare(faults, accounts);
		faults.addAll(badLines());
		if (!faults.isEmpty()) {
			throw new AssertionError(faults.size() + " faults at the end: " + some(faults));
		}
		return sums;
	}

	/** What Redis should not have, or not so. */
	private List<String> atRedis(List<Tables.Account> accounts) {
		Held held = this.scene.redis().held(keys(accounts));
		List<String> faults = new ArrayList<>(held.faults());
		held.marks().keySet().forEach((request) -> faults.add(request + " is still marked open"));
		held.pending().keySet().forEach((request) -> faults.add(request + " is still pending"));
		for (Tables.Account account : accounts) {
			Held.Counter counter = held.accounts().get(account.key());
			if (counter.base() >= 0 && counter.version() == account.version() && counter.base() != account.total()) {
				faults.add("Redis counts " + counter.base() + " of " + account + " at the same version");
			}
			if (counter.version() > account.version()) {
				faults.add("Redis counts " + counter + " of " + account + " before PostgreSQL does");
			}
		}
		return faults;
	}

	private Sums compare(List<String> faults, List<Tables.Account> accounts) {
		Map<String, Integer> seen = new HashMap<>();
		long[] sums = new long[5];
		Path transcript = this.scene.transcript();
		try (Stream<String> answers = Files.lines(transcript)) {
			answers.map(JSON::readTree).forEach((answer) -> {
				String id = answer.path("request_id").asString();
				seen.merge(id, 1, Integer::sum);
				if (answer.path("reported").asBoolean()) {
					sums[0]++;
					sums[1] += answer.path("total_tokens").asLong();
					compare(answer, this.linesOfProvider.get(id), sums, faults);
				}
			});
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.linesOfProvider.keySet()
			.stream()
			.filter((id) -> !seen.containsKey(id) && !isOfAnError(id))
			.forEach((id) -> faults.add(this.linesOfProvider.get(id) + " is of an answer that was never given"));
		List<String> doubled = new ArrayList<>(this.tables.doubled());
		long units = compareWithStripe(doubled, faults);
		doubled.forEach((id) -> faults.add(id + " counts twice"));
		accounts.stream()
			.filter((account) -> this.customers.get(account.client()).isBilled())
			.forEach((account) -> checkDelivered(account, faults));
		Map<String, Long> byStatus = this.lines.values()
			.stream()
			.collect(Collectors.groupingBy(Line::status, Collectors.counting()));
		Set<String> orphans = this.tables.orphans();
		return new Sums(sums[0], sums[1], byStatus.getOrDefault("billed", 0L), byStatus.getOrDefault("estimated", 0L),
				byStatus.getOrDefault("free", 0L), sums[2], sums[3], doubled.size(), sums[4], orphans.size(),
				this.orphansExpected.size(), units);
	}

	/** Errors are not in the provider's transcript, and never billed. */
	private boolean isOfAnError(String id) {
		return this.linesOfProvider.get(id).status().equals("free");
	}

	private void compare(JsonNode answer, Line line, long[] sums, List<String> faults) {
		boolean isExcused = this.excused.contains(answer.path("user").asString());
		long tokens = answer.path("total_tokens").asLong();
		if (line != null && line.isBilled()) {
			long drift = Math.abs(line.tokens() - tokens);
			sums[2] += drift;
			if (drift != 0) {
				faults.add(line + " differs from " + answer);
			}
		}
		else if (isExcused) {
			sums[4]++;
		}
		else {
			sums[3]++;
			faults.add("The answer " + answer + " is not billed: " + line);
		}
	}

	private long compareWithStripe(List<String> doubled, List<String> faults) {
		Map<String, AcceptedEvent> accepted = new HashMap<>();
		for (AcceptedEvent event : this.scene.stripe().transcript()) {
			if (accepted.put(event.identifier(), event) != null) {
				doubled.add(event.identifier());
			}
		}
		for (Tables.Delivered delivered : this.tables.delivered()) {
			AcceptedEvent event = accepted.remove(delivered.identifier());
			if (event == null || event.value() != delivered.value() || !event.customer().equals(delivered.customer())) {
				faults.add(delivered + " was accepted as " + event);
			}
		}
		accepted.values().forEach((event) -> faults.add(event + " was accepted, and is not marked so"));
		return this.scene.stripe().transcript().stream().mapToLong(AcceptedEvent::value).sum();
	}

	private void checkDelivered(Tables.Account account, List<String> faults) {
		if (account.total() / account.divisor() != account.delivered()) {
			faults.add(account + " has not all its units at Stripe");
		}
	}

	/** Of logs: secrets, leaks, and calls that blocked an event loop. */
	private List<String> badLines() {
		List<String> found = new ArrayList<>();
		List<String> bad = Stream.concat(this.scene.secrets().stream(), Stream.of("LEAK: ", NoBlockingGateway.BLOCKS))
			.toList();
		for (Path log : this.scene.logs()) {
			try (Stream<String> lines = Files.lines(log)) {
				lines.filter((line) -> bad.stream().anyMatch(line::contains))
					.limit(SHOWN_MAX)
					.forEach((line) -> found.add(log.getFileName() + ": " + line));
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
		return found;
	}

	/** What two faults at once lost although its app saw all of it. */
	List<String> lost() {
		return List.copyOf(this.lost);
	}

	/** How apps' requests ended. */
	Map<Ending, Long> endings() {
		return this.endings;
	}

	private static String some(Collection<String> all) {
		return all.size() + ": " + all.stream().limit(SHOWN_MAX).collect(Collectors.joining("\n  ", "\n  ", ""));
	}

}
