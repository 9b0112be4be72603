package io.tallygate.sandbox;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

import io.tallygate.core.StartRefused;
import io.tallygate.fault.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** The embedded servers keep what they were given, whoever kills whom. */
class EmbeddedServersIntegrationTests {

	@TempDir
	private Path directory;

	@Test
	void whatWasWrittenIsThereAfterARestart() throws Exception {
		try (DataDirectory held = DataDirectory.hold(this.directory)) {
			try (PostgresServer postgres = PostgresServer.start(held, 0);
					RedisServer redis = RedisServer.start(held, 0)) {
				sql(postgres.port(), "create table kept as select 42 as answer");
				redis(redis.port(), "SET answer 42");
			}

			try (PostgresServer postgres = PostgresServer.start(held, 0);
					RedisServer redis = RedisServer.start(held, 0)) {
				assertThat(query(postgres.port(), "select answer from kept")).isEqualTo("42");
				assertThat(redis(redis.port(), "GET answer")).contains("42");
			}
		}
	}

	@Test
	@Matrix(7)
	void bothWriteToTheDiskBeforeTheyAnswer() throws Exception {
		try (DataDirectory held = DataDirectory.hold(this.directory);
				PostgresServer postgres = PostgresServer.start(held, 0);
				RedisServer redis = RedisServer.start(held, 0)) {
			assertThat(query(postgres.port(), "show fsync")).isEqualTo("on");
			assertThat(query(postgres.port(), "show synchronous_commit")).isEqualTo("on");
			assertThat(redis(redis.port(), "CONFIG GET appendfsync")).contains("always");
			assertThat(redis(redis.port(), "CONFIG GET maxmemory-policy")).contains("noeviction");
			assertThat(redis(redis.port(), "CONFIG GET bind")).contains("127.0.0.1");
		}
	}

	@Test
	void theServersOfAKilledRunAreStoppedAndTheirDataIsThere() throws Exception {
		ServersOfAnotherProcess killed = ServersOfAnotherProcess.start(this.directory);
		sql(killed.postgresPort(), "create table kept as select 42 as answer");
		redis(killed.redisPort(), "SET answer 42");
		killed.kill();
		assertThat(isListening(killed.postgresPort())).as("PostgreSQL outlives kill -9 of its owner").isTrue();
		assertThat(isListening(killed.redisPort())).as("Redis outlives kill -9 of its owner").isTrue();

		try (DataDirectory held = DataDirectory.hold(this.directory);
				PostgresServer postgres = PostgresServer.start(held, 0);
				RedisServer redis = RedisServer.start(held, 0)) {
			assertThat(isListening(killed.postgresPort())).isFalse();
			assertThat(isListening(killed.redisPort())).isFalse();
			assertThat(query(postgres.port(), "select answer from kept")).isEqualTo("42");
			assertThat(redis(redis.port(), "GET answer")).contains("42");
		}
	}

	@Test
	void aSecondStartOverTheSameDataIsRefusedWhileTheFirstLives() throws Exception {
		try (ServersOfAnotherProcess first = ServersOfAnotherProcess.start(this.directory)) {
			assertThatExceptionOfType(StartRefused.class).isThrownBy(() -> DataDirectory.hold(this.directory))
				.withMessageContaining("process " + first.pid())
				.satisfies((refused) -> assertThat(refused.action()).contains("TALLYGATE_DATA_DIR"));

			assertThat(query(first.postgresPort(), "select 1")).isEqualTo("1");
			first.kill();
		}
		try (DataDirectory held = DataDirectory.hold(this.directory)) {
			PostgresServer.start(held, 0).close();
			RedisServer.start(held, 0).close();
		}
	}

	@Test
	void aProcessFileThatNamesAStrangerHarmsNobody() throws Exception {
		Process stranger = new ProcessBuilder("sleep", "60").start();
		try (DataDirectory held = DataDirectory.hold(this.directory)) {
			Files.writeString(held.directory("redis").resolve("redis.pid"), stranger.pid() + "\n");

			RedisServer.start(held, 0).close();

			assertThat(stranger.isAlive()).isTrue();
		}
		finally {
			stranger.destroyForcibly();
		}
	}

	@Test
	void aFirstStartThatWasKilledHalfwayIsStartedAfresh() throws Exception {
		try (DataDirectory held = DataDirectory.hold(this.directory)) {
			Path data = held.directory("postgres");
			Files.writeString(data.resolve("postgresql.conf"), "# initdb was here");
			Files.createDirectories(data.resolve("base"));

			try (PostgresServer postgres = PostgresServer.start(held, 0)) {
				assertThat(query(postgres.port(), "select 1")).isEqualTo("1");
			}
		}
	}

	private static void sql(int port, String statement) throws SQLException {
		try (Connection connection = connect(port); Statement sql = connection.createStatement()) {
			sql.execute(statement);
		}
	}

	private static String query(int port, String query) throws SQLException {
		try (Connection connection = connect(port);
				Statement sql = connection.createStatement();
				ResultSet rows = sql.executeQuery(query)) {
			rows.next();
			return rows.getString(1);
		}
	}

	private static Connection connect(int port) throws SQLException {
		return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/postgres", "postgres", "postgres");
	}

	private static String redis(int port, String command) throws IOException {
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
			socket.getOutputStream().write((command + "\r\nQUIT\r\n").getBytes(StandardCharsets.US_ASCII));
			return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
		}
	}

	private static boolean isListening(int port) {
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
			return socket.isConnected();
		}
		catch (IOException ex) {
			return false;
		}
	}

}
