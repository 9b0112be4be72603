package io.tallygate.metering;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.KeyValue;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScanStream;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.event.ClusterTopologyChangedEvent;
import io.lettuce.core.codec.Base16;
import io.tallygate.metering.Witness.Remembered;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

import org.springframework.core.io.ClassPathResource;

/**
 * The counters in a real Redis, by scripts. Clients fall into sixteen hash tags; on one
 * server a batch is one call whatever its tags, on a cluster it is one call a tag.
 */
class RedisCounters implements Counters, AutoCloseable {

	private static final Logger logger = LoggerFactory.getLogger(RedisCounters.class);

	/** Hash tags, so that a cluster can spread clients and a batch can stay together. */
	static final int TAGS = 16;

	/** Of each operation. */
	private static final int VALUES = 8;

	private static final Duration KEPT = Duration.ofMinutes(10);

	private static final int KEPT_PAGE = 1000;

	private static final int TOTALS_AT_ONCE = 1000;

	private static final String NO_EVICTION = "noeviction";

	/** With a handshake, perhaps over TLS. */
	private static final Duration CONNECTING_MAX = Duration.ofSeconds(5);

	/**
	 * How far writers have come in PostgreSQL (hash: writer to version and beginning).
	 */
	private static final String WRITERS = "tg:writers";

	private final Script exchange = new Script("redis/exchange.lua");

	private final Script generation = new Script("redis/generation.lua");

	private final RedisLink link;

	private final boolean isCluster;

	private final Duration answerMax;

	private final Scheduler scheduler;

	private final AtomicReference<String> policy = new AtomicReference<>(NO_EVICTION);

	/**
	 * Connects when it is asked what is held; until it has, every other call fails at
	 * once.
	 * @param answerMax how long a call may go without an answer before nothing is known
	 * of it
	 */
	RedisCounters(AbstractRedisClient client, Duration answerMax, Scheduler scheduler) {
		this.link = new RedisLink(client);
		this.isCluster = client instanceof RedisClusterClient;
		this.answerMax = answerMax;
		this.scheduler = scheduler;
	}

	@Override
	public Mono<Replies> run(String generation, List<Operation> operations) {
		if (!this.isCluster) {
			return call(generation, operations);
		}
		Map<Integer, List<Integer>> byTag = IntStream.range(0, operations.size())
			.boxed()
			.collect(Collectors.groupingBy((i) -> tag(operations.get(i).account()), LinkedHashMap::new,
					Collectors.toList()));
		Reply[] replies = new Reply[operations.size()];
		return Flux.fromIterable(byTag.values())
			.flatMap((places) -> call(generation, places.stream().map(operations::get).toList()).doOnNext((part) -> {
				for (int i = 0; i < places.size(); i++) {
					replies[places.get(i)] = part.replies().get(i);
				}
			}))
			.last()
			.map((last) -> new Replies(last.time(), Arrays.asList(replies)));
	}

	private Mono<Replies> call(String generation, List<Operation> operations) {
		String[] arguments = new String[2 + VALUES * operations.size()];
		arguments[0] = generation;
		arguments[1] = Long.toString(KEPT.toMillis());
		int at = 2;
		for (Operation operation : operations) {
			at = write(operation, arguments, at);
		}
		String[] keys = { "tg:{" + tag(operations.get(0).account()) + "}:gen" };
		return this.exchange.<List<Object>>run(ScriptOutputType.MULTI, keys, arguments).map(RedisCounters::replies);
	}

	private static int write(Operation operation, String[] to, int at) {
		AccountKey account = operation.account();
		to[at + 1] = Integer.toString(tag(account));
		to[at + 2] = account.text();
		if (operation instanceof Operation.Open open) {
			return fill(to, at, "O", open.mark().request(), encode(open.mark()),
					Long.toString(open.mark().reservation()), encode(open.bounds()), "");
		}
		if (operation instanceof Operation.Close close) {
			Entry entry = close.entry();
			return fill(to, at, "C", entry.request().value(), Long.toString(entry.quantity()), entry.encode(),
					entry.usage().text(), encode(close.tokens()));
		}
		if (operation instanceof Operation.Acknowledge known) {
			return fill(to, at, "A", known.entry().request().value(), Long.toString(known.base()),
					Long.toString(known.version()), known.entry().usage().text(), encode(known.usage()));
		}
		if (operation instanceof Operation.Keep keep) {
			return fill(to, at, "K", keep.entry().request().value(), keep.entry().encode(), "", "", "");
		}
		if (operation instanceof Operation.Base known) {
			return fill(to, at, "B", "", Long.toString(known.base()), Long.toString(known.version()), "", "");
		}
		return fill(to, at, "S", ((Operation.Strike) operation).request(), "", "", "", "");
	}

	private static int fill(String[] to, int at, String name, String request, String... values) {
		to[at] = name;
		to[at + 3] = request;
		System.arraycopy(values, 0, to, at + 4, values.length);
		return at + VALUES;
	}

	private static String encode(@Nullable Bounds bounds) {
		if (bounds == null) {
			return "";
		}
		Cap cap = bounds.cap();
		return String.join("|", (cap != null) ? cap.usage().text() : "", (cap != null) ? Long.toString(cap.hard()) : "",
				(cap != null && cap.known() != null) ? encode(cap.known()) : "|", text(bounds.requestsPerMinute()),
				text(bounds.tokensPerMinute()), Long.toString(bounds.tokens()));
	}

	private static String encode(@Nullable PeriodUsage usage) {
		return (usage != null) ? usage.quantity() + "|" + usage.version() : "";
	}

	private static String encode(@Nullable TokenUse tokens) {
		return (tokens != null) ? tokens.perMinute() + "|" + tokens.reserved() + "|" + tokens.used() : "";
	}

	private static String text(@Nullable Long number) {
		return (number != null) ? number.toString() : "";
	}

	private static Replies replies(List<Object> answer) {
		Instant time = Instant.ofEpochSecond(Long.parseLong((String) answer.get(0)),
				Long.parseLong((String) answer.get(1)) * 1000);
		List<Reply> replies = new ArrayList<>(answer.size() - 2);
		for (Object reply : answer.subList(2, answer.size())) {
			replies.add(reply((List<?>) reply));
		}
		return new Replies(time, replies);
	}

	private static Reply reply(List<?> values) {
		String base = (String) values.get(1);
		if (values.size() > 3) {
			return new Reply(resultOfOpen(((Long) values.get(0)).intValue()), null, null, standing(values));
		}
		return switch (((Long) values.get(0)).intValue()) {
			case 1 -> new Reply(Result.APPLIED, total(base, (String) values.get(2)), null);
			case 2 -> new Reply(Result.APPLIED_WITHOUT_MARK, total(base, (String) values.get(2)), null);
			case 0 -> new Reply(Result.KNOWN, total(base, (String) values.get(2)), null);
			case -1 -> new Reply(Result.OTHER_GENERATION, null, null);
			default -> new Reply(Result.REFUSED, null, base);
		};
	}

	private static Result resultOfOpen(int code) {
		return switch (code) {
			case 3 -> Result.CAP_REACHED;
			case 4 -> Result.RATE_EXCEEDED;
			case 5 -> Result.USE_UNKNOWN;
			default -> Result.APPLIED;
		};
	}

	private static Standing standing(List<?> values) {
		return new Standing(number(values.get(3)), number(values.get(4)), number(values.get(5)), number(values.get(6)),
				number(values.get(7)));
	}

	private static long number(Object text) {
		return text.equals("") ? 0 : Long.parseLong((String) text);
	}

	private static @Nullable Long total(String base, String pending) {
		return base.isEmpty() ? null : Long.valueOf(Long.parseLong(base) + Long.parseLong(pending));
	}

	/** A server that may evict holds nothing that could be relied upon. */
	@Override
	public Mono<Holding> holding() {
		Mono<String> server = mayNotEvict()
			.flatMap((info) -> this.isCluster ? answered((redis) -> redis.clusterNodes()).map(RedisCounters::masters)
					: Mono.just(field(info, "run_id") + "/" + field(info, "master_replid")));
		Mono<List<Map<String, String>>> generations = Flux.range(0, TAGS)
			.concatMap((tag) -> answered((redis) -> redis.hgetall("tg:{" + tag + "}:gen")))
			.collectList();
		return connected().then(Mono.defer(() -> Mono.zip(server, generations, RedisCounters::holding)));
	}

	private Mono<Void> connected() {
		return Mono.fromFuture(this.link::reach, true)
			.timeout(CONNECTING_MAX, this.scheduler)
			.flatMap((failure) -> failure.<Mono<Void>>map(Mono::error).orElseGet(Mono::empty));
	}

	private static Holding holding(String server, List<Map<String, String>> generations) {
		boolean same = generations.stream().distinct().count() == 1;
		Map<String, String> first = generations.get(0);
		return new Holding(server, same ? first.get("id") : null, same ? first.get("server") : null);
	}

	/**
	 * On a cluster its masters' node ids stand for it: a failover makes another node
	 * master of the slots.
	 */
	private static String masters(String nodes) {
		return nodes.lines()
			.map((line) -> line.split(" ", -1))
			.filter((node) -> node.length > 8 && node[2].contains("master"))
			.map((node) -> node[0] + "=" + String.join(",", Arrays.copyOfRange(node, 8, node.length)))
			.collect(Collectors.toCollection(TreeSet::new))
			.toString();
	}

	@Override
	public Mono<Holding> begin(String generation, Holding seen) {
		return Flux.range(0, TAGS)
			.concatMap((tag) -> beginTag("tg:{" + tag + "}:gen", generation, seen))
			.then(Mono.defer(this::holding));
	}

	private Mono<Long> beginTag(String key, String generation, Holding seen) {
		return answered((redis) -> redis.hgetall(key)).flatMap((held) -> {
			String id = held.getOrDefault("id", "");
			boolean movedOn = seen.generation() != null && !seen.generation().equals(id) && !id.isEmpty();
			return movedOn ? Mono.just(0L) : this.generation.<Long>run(ScriptOutputType.INTEGER, new String[] { key },
					id, held.getOrDefault("server", ""), generation, seen.server());
		});
	}

	@Override
	public Flux<Total> totals(List<AccountKey> accounts) {
		return Flux.fromIterable(accounts).flatMapSequential(this::total, TOTALS_AT_ONCE);
	}

	private Mono<Total> total(AccountKey account) {
		String key = "tg:{" + tag(account) + "}:acc:" + account.text();
		return answered((redis) -> redis.hmget(key, "base", "ver", "pend"))
			.filter((held) -> held.stream().anyMatch(KeyValue::hasValue))
			.map((held) -> new Total(account, number(held.get(0).getValueOrElse("")),
					number(held.get(1).getValueOrElse("")), number(held.get(2).getValueOrElse(""))));
	}

	@Override
	public Flux<Mark> marks() {
		return Flux.range(0, TAGS)
			.concatMap((tag) -> ScanStream.hscan(this.link.hashes(), "tg:{" + tag + "}:open"))
			.map((mark) -> decode(mark.getKey(), mark.getValue()));
	}

	@Override
	public Flux<Pending> pending() {
		return Flux.range(0, TAGS)
			.concatMap((tag) -> ScanStream.hscan(this.link.hashes(), "tg:{" + tag + "}:pending"))
			.map((held) -> new Pending(held.getKey(), held.getValue().split("\n", 3)[2]));
	}

	/**
	 * Page by page: a thousand entries of each tag at a time, and those only that are
	 * there when its turn comes. What is done with them may have them kept again.
	 */
	@Override
	public Flux<String> kept() {
		return Flux.range(0, TAGS)
			.map((tag) -> "tg:{" + tag + "}:kept")
			.concatMap((key) -> answered((redis) -> redis.xrevrange(key, Range.unbounded(), Limit.from(1)))
				.filter((newest) -> !newest.isEmpty())
				.flatMapMany((newest) -> kept(key, last(newest))))
			.map((message) -> Objects.requireNonNull(message.getBody().get("e")));
	}

	private Flux<StreamMessage<String, String>> kept(String key, String upTo) {
		return keptBetween(key, "-", upTo)
			.expand((page) -> page.isEmpty() ? Mono.empty() : keptBetween(key, "(" + last(page), upTo))
			.flatMapIterable((page) -> page);
	}

	private Mono<List<StreamMessage<String, String>>> keptBetween(String key, String from, String upTo) {
		return answered((redis) -> redis.xrange(key, Range.create(from, upTo), Limit.from(KEPT_PAGE)));
	}

	private static String last(List<StreamMessage<String, String>> page) {
		return page.get(page.size() - 1).getId();
	}

	@Override
	public Mono<Void> remember(Map<String, Remembered> writers) {
		Map<String, String> fields = new HashMap<>();
		writers.forEach((writer, remembered) -> fields.put(writer,
				remembered.version() + " " + remembered.begunAt().toEpochMilli()));
		return answered((redis) -> redis.hset(WRITERS, fields)).then();
	}

	@Override
	public Mono<Map<String, Remembered>> remembered() {
		return answered((redis) -> redis.hgetall(WRITERS)).map((fields) -> {
			Map<String, Remembered> writers = new HashMap<>();
			fields.forEach((writer, text) -> {
				String[] f = text.split(" ", 2);
				writers.put(writer, new Remembered(Long.parseLong(f[0]), Instant.ofEpochMilli(Long.parseLong(f[1]))));
			});
			return writers;
		});
	}

	@Override
	public Mono<Void> forget(List<String> writers) {
		return answered((redis) -> redis.hdel(WRITERS, writers.toArray(String[]::new))).then();
	}

	@Override
	public void onChange(Runnable listener) {
		this.link.client().addListener(new RedisConnectionStateListener() {

			@Override
			public void onRedisConnected(RedisChannelHandler<?, ?> connected, java.net.SocketAddress address) {
				listener.run();
			}

			@Override
			public void onRedisDisconnected(RedisChannelHandler<?, ?> disconnected) {
				listener.run();
			}

		});
		this.link.client().getResources().eventBus().get().subscribe((event) -> {
			if (event instanceof ClusterTopologyChangedEvent) {
				listener.run();
			}
		});
	}

	/**
	 * Looks, as far as it is there, whether Redis is set as it must be; fails with
	 * {@link Evicts} where it is not.
	 * @return whether it is there
	 */
	Mono<Boolean> isThere() {
		return connected().then(Mono.defer(this::mayNotEvict))
			.thenReturn(true)
			.onErrorResume((error) -> !(error instanceof Evicts), (away) -> {
				logger.warn("Redis is not there yet, and exchanges are marked in PostgreSQL until it is: {}",
						away.getMessage());
				return Mono.just(false);
			});
	}

	/** What an operator must have set, or the counters would silently lose marks. */
	private Mono<String> mayNotEvict() {
		return answered((redis) -> redis.info()).flatMap((info) -> {
			String set = field(info, "maxmemory_policy");
			boolean isNew = !set.equals(this.policy.getAndSet(set));
			if (set.equals(NO_EVICTION)) {
				return Mono.just(info);
			}
			Evicts evicts = new Evicts(set);
			if (isNew) {
				logger.error("{}; until it is, Redis counts as away", evicts.getMessage());
			}
			return Mono.error(evicts);
		});
	}

	@Override
	public void close() {
		this.link.close();
	}

	private <V> Mono<V> answered(Function<RedisClusterAsyncCommands<String, String>, CompletionStage<V>> call) {
		return Mono.fromFuture(() -> call.apply(this.link.commands()).toCompletableFuture())
			.timeout(this.answerMax, this.scheduler);
	}

	private static String field(String info, String name) {
		return info.lines()
			.filter((line) -> line.startsWith(name + ":"))
			.map((line) -> line.substring(name.length() + 1).strip())
			.findFirst()
			.orElse("");
	}

	static int tag(AccountKey account) {
		return account.client().value().hashCode() & (TAGS - 1);
	}

	static String encode(Mark mark) {
		return String.join("|", mark.agency(), mark.account().text(), mark.channel(), mark.instance(),
				Long.toString(mark.reservation()), Long.toString(mark.openedAt().toEpochMilli()));
	}

	static Mark decode(String request, String text) {
		String[] f = text.split("\\|", -1);
		return new Mark(request, f[0], AccountKey.parse(f[1]), f[2], f[3], Long.parseLong(f[4]),
				Instant.ofEpochMilli(Long.parseLong(f[5])));
	}

	/** Redis is set so that it may forget what it was given. */
	static final class Evicts extends RuntimeException {

		private static final long serialVersionUID = 1L;

		Evicts(String policy) {
			super("Redis has maxmemory-policy '" + policy
					+ "' and would evict counters: set 'maxmemory-policy noeviction' (docs/operating.md)");
		}

	}

	/** A script, run by its digest and sent whole when the server does not know it. */
	private final class Script {

		private final String source;

		private final String digest;

		Script(String resource) {
			try {
				this.source = new ClassPathResource(resource).getContentAsString(StandardCharsets.UTF_8);
				this.digest = Base16.digest(this.source.getBytes(StandardCharsets.UTF_8));
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		<V> Mono<V> run(ScriptOutputType type, String[] keys, String... arguments) {
			return RedisCounters.this.<V>answered((redis) -> redis.evalsha(this.digest, type, keys, arguments))
				.onErrorResume(RedisNoScriptException.class,
						(ex) -> answered((redis) -> redis.eval(this.source, type, keys, arguments)));
		}

	}

}
