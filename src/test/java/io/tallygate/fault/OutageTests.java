package io.tallygate.fault;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.lettuce.core.RedisClient;
import io.tallygate.support.Books;
import io.tallygate.support.GatewayClient;
import io.tallygate.support.GatewayClient.Reply;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.GatewayServer;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * One store is away for a while under light load: clients go on being answered, nothing
 * is lost, nothing is counted twice, and the metrics tell.
 */
class OutageTests {

	private static final int REQUESTS_A_SECOND = 20;

	private static final List<String> CLIENTS = List.of("acme-dental", "bolt-fitness", "chatty-ltd");

	/** Whole answers, short streams, and streams that an outage begins or ends in. */
	private static final List<String> MODELS = List.of("fake:t=20,d=0", "fake:t=10,d=20", "fake:t=40,d=50");

	private static final long OUTAGE_MILLIS = 10_000;

	private static GatewayProcess gateway;

	private static Books books;

	@BeforeAll
	static void start() {
		gateway = GatewayProcess.fresh().set("tallygate.outbox.scan-every", "1s");
		gateway.start();
		books = gateway.books();
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	@Matrix(24)
	void redisForgetsEverything() {
		Load load = new Load();
		Wait.pause(2000);

		RedisClient redis = RedisClient.create("redis://127.0.0.1:" + gateway.redisPort());
		redis.connect().sync().flushall();
		redis.shutdown(0, 1, TimeUnit.SECONDS);

		Wait.pause(3000);
		answeredAndCounted(load);
	}

	@Test
	@Matrix({ 20, 77 })
	void redisHangs() {
		double before = metric("tallygate_metering_opened_in_postgres_total");
		Load load = new Load();
		Wait.pause(1000);

		gateway.redis().freeze();
		Wait.pause(OUTAGE_MILLIS);
		double away = metric("tallygate_metering_redis_away");
		gateway.redis().thaw();

		assertThat(away).isEqualTo(1);
		assertThat(metric("tallygate_metering_opened_in_postgres_total")).isGreaterThan(before);
		Wait.pause(1000);
		answeredAndCounted(load);
	}

	@Test
	@Matrix({ 19, 77 })
	void redisDiesAndComesBack() {
		Load load = new Load();
		Wait.pause(1000);

		GatewayServer redis = gateway.redis();
		redis.kill();
		Wait.pause(OUTAGE_MILLIS);
		double away = metric("tallygate_metering_redis_away");
		redis.restart();

		assertThat(away).isEqualTo(1);
		Wait.pause(1000);
		answeredAndCounted(load);
	}

	@Test
	@Matrix({ 32, 77 })
	void postgresHangs() {
		Load load = new Load();
		Wait.pause(1000);

		gateway.postgres().freeze();
		Wait.pause(OUTAGE_MILLIS);
		double unwritten = metric("tallygate_metering_entries_unwritten");
		gateway.postgres().thaw();

		assertThat(unwritten).isGreaterThan(REQUESTS_A_SECOND);
		Wait.pause(1000);
		answeredAndCounted(load);
	}

	@Test
	@Matrix({ 31, 33, 77 })
	void postgresDiesAndComesBack() {
		Load load = new Load();
		Wait.pause(1000);

		GatewayServer postgres = gateway.postgres();
		postgres.kill();
		Wait.pause(OUTAGE_MILLIS);
		double unwritten = metric("tallygate_metering_entries_unwritten");
		postgres.restart();

		assertThat(unwritten).isGreaterThan(REQUESTS_A_SECOND);
		Wait.pause(1000);
		answeredAndCounted(load);
	}

	/** With one store away everything goes on; afterwards all books agree. */
	private static void answeredAndCounted(Load load) {
		List<Reply> replies = load.end();
		assertThat(replies).hasSizeGreaterThan(REQUESTS_A_SECOND);
		assertThat(replies.stream().filter((reply) -> !reply.isComplete())).isEmpty();
		Wait.until("answer of both stores", 30, () -> metric("tallygate_metering_redis_away") == 0
				&& metric("tallygate_metering_entries_unwritten") == 0);
		books.holdOnce(replies.stream().map(Reply::requestId).toList());
		assertThat(books.reportedAndNotBilled()).isEmpty();
		books.agreeWithTheProvider();
		books.agreeWithStripe();
		assertThat(metric("tallygate_metering_exchanges_open")).isZero();
		assertThat(books.requests("orphaned")).isEmpty();
	}

	private static double metric(String name) {
		Matcher line = Pattern.compile("^" + name + "(?:\\{.*})? (\\S+)$", Pattern.MULTILINE)
			.matcher(gateway.management().text("/actuator/prometheus", ""));
		assertThat(line.find()).as("metric %s", name).isTrue();
		return Double.parseDouble(line.group(1));
	}

	/** Client apps at a steady pace, whatever becomes of them. */
	private static final class Load {

		private final ScheduledExecutorService callers = Executors.newScheduledThreadPool(2 * REQUESTS_A_SECOND);

		private final List<CompletableFuture<Reply>> calls = new ArrayList<>();

		private final ScheduledFuture<?> pace = this.callers.scheduleAtFixedRate(this::call, 0,
				1000 / REQUESTS_A_SECOND, TimeUnit.MILLISECONDS);

		private synchronized void call() {
			int n = this.calls.size();
			String key = gateway.channelKey(CLIENTS.get(n % CLIENTS.size()));
			String model = MODELS.get(n / CLIENTS.size() % MODELS.size());
			GatewayClient client = gateway.client();
			this.calls.add(CompletableFuture
				.supplyAsync(() -> (n % 2 == 0) ? client.stream(key, model) : client.chat(key, model), this.callers));
		}

		/** Calls no more, and waits for what was begun. */
		List<Reply> end() {
			this.pace.cancel(false);
			synchronized (this) {
				List<Reply> replies = this.calls.stream().map(CompletableFuture::join).toList();
				this.callers.shutdown();
				return replies;
			}
		}

	}

}
