package io.tallygate.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;

import io.tallygate.support.GatewayProcess;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** The jar as it is shipped, which Maven has made by the time that these tests run. */
class ProductionJarIntegrationTests {

	private static final long BYTES_MAX = 70L << 20;

	private static Path jar;

	@BeforeAll
	static void find() throws IOException {
		try (Stream<Path> files = Files.list(Path.of("target"))) {
			jar = files.filter((file) -> file.getFileName().toString().matches("tallygate-.*\\.jar"))
				.findFirst()
				.orElse(null);
		}
		if (jar == null) {
			System.out.println("NOT CHECKED: there is no jar in target; ./mvnw verify makes it before these tests");
		}
		assumeTrue(jar != null, "No jar in target");
	}

	@Test
	void itHoldsTheFakesAndNoEmbeddedServers() throws IOException {
		try (JarFile opened = new JarFile(jar.toFile())) {
			List<String> entries = opened.stream().map(ZipEntry::getName).toList();

			assertThat(entries).contains("BOOT-INF/classes/io/tallygate/sandbox/provider/FakeProvider.class",
					"BOOT-INF/classes/io/tallygate/sandbox/stripe/FakeStripe.class");
			assertThat(entries).noneMatch((entry) -> entry.matches(".*/(embedded-|commons-compress|guava|junit).*"));
		}
	}

	@Test
	void whatIsLeftOutForItsSizeHasNotComeBack() throws IOException {
		try (JarFile opened = new JarFile(jar.toFile())) {
			assertThat(opened.stream().map(ZipEntry::getName)).noneMatch((entry) -> entry
				.matches(".*/(bcprov|netty-codec-native-quic|hibernate-validator|HikariCP|log4j).*"));
		}
		assertThat(Files.size(jar)).isLessThan(BYTES_MAX);
	}

	@Test
	void withoutServersItSaysWhatIsMissingAndHowToStartTheSandbox() {
		try (GatewayProcess gateway = GatewayProcess.fresh().from(jar)) {
			int exitCode = gateway.launch().exitCode(60);

			assertThat(exitCode).isEqualTo(1);
			assertThat(gateway.text()).contains("SPRING_R2DBC_URL", "SPRING_DATA_REDIS_URL", "TALLYGATE_PLATFORM_TOKEN")
				.contains("./mvnw spring-boot:run", "docker compose up")
				.doesNotContain("at io.tallygate");
		}
	}

	/** As in the image, but for the container around it. */
	@Test
	void extractedItIsTheSandboxOnServersOfItsOwnAndKeepsItsKeys(@TempDir Path directory) {
		Path application = extracted(directory.resolve("application"));
		TestServers.TestDatabase database = TestServers.database();
		try (OwnRedis redis = new OwnRedis();
				GatewayProcess gateway = GatewayProcess.fresh()
					.from(application)
					.with("TALLYGATE_SANDBOX", "true")
					.with("TALLYGATE_ENCRYPTION_KEY", "")
					.with("SPRING_R2DBC_URL",
							"r2dbc:postgresql://127.0.0.1:" + TestServers.postgres().getPort() + "/" + database.name())
					.with("SPRING_R2DBC_USERNAME", "postgres")
					.with("SPRING_R2DBC_PASSWORD", "postgres")
					.with("SPRING_DATA_REDIS_URL", redis.url())) {
			gateway.start();
			List<String> commands = commands(gateway);
			assertThat(commands).hasSize(2);
			assertThat(chats(gateway)).isTrue();

			assertThat(gateway.sigterm()).isZero();
			gateway.start();

			assertThat(commands(gateway)).isEqualTo(commands);
			assertThat(chats(gateway)).isTrue();
			gateway.books().agreeWithStripe();
			assertThat(gateway.sigterm()).isZero();
		}
	}

	private static Path extracted(Path directory) {
		new Tool(Path.of(System.getProperty("java.home"), "bin", "java").toString()).prints("-Djarmode=tools", "-jar",
				jar.toString(), "extract", "--application-filename", "tallygate.jar", "--destination",
				directory.toString());
		return directory.resolve("tallygate.jar");
	}

	private static boolean chats(GatewayProcess gateway) {
		return gateway.client().chat(gateway.channelKey("acme-dental"), "fake:t=700,d=0").isComplete();
	}

	private static List<String> commands(GatewayProcess gateway) {
		return gateway.output().stream().filter((line) -> line.startsWith("curl ")).toList();
	}

}
