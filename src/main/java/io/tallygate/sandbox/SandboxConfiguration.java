package io.tallygate.sandbox;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The sandbox, where it was decided that this is one. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBooleanProperty("tallygate.sandbox")
@EnableConfigurationProperties(SandboxProperties.class)
class SandboxConfiguration {

	private static final int CONSOLE_WIDTH = 100;

	@Bean
	DataDirectory dataDirectory(@Value("${tallygate.data-dir:" + SandboxProperties.DATA_DIR + "}") String path) {
		return DataDirectory.hold(Path.of(path));
	}

	@Bean
	@DependsOnDatabaseInitialization
	LiveKeyCheck liveKeyCheck(JdbcConnectionDetails server) {
		return new LiveKeyCheck(server);
	}

	@Bean
	SandboxConsole sandboxConsole(Environment environment) {
		return new SandboxConsole(
				new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
				environment.getProperty("COLUMNS", Integer.class, CONSOLE_WIDTH));
	}

	@Bean
	SandboxStory sandboxStory(SandboxConsole console, Environment environment, DataDirectory directory,
			@Value("${tallygate.public-url}") String publicUrl,
			@Value("${tallygate.platform-token}") String platformToken, ObjectProvider<DemoStory> demo) {
		KeptProperties progress = new KeptProperties(directory.resolve("demo.properties"),
				"How far the demo has come, and its keys.");
		return new SandboxStory(console, () -> environment.getRequiredProperty("local.server.port", Integer.class),
				new SandboxStory.Addresses(publicUrl, platformToken, directory.toString()), progress,
				demo.getIfAvailable());
	}

}
