package io.tallygate.sandbox;

import java.nio.file.Path;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The sandbox, where it was decided that this is one. */
@Configuration(proxyBeanMethods = false)
@ConditionalOnBooleanProperty("tallygate.sandbox")
@EnableConfigurationProperties(SandboxProperties.class)
class SandboxConfiguration {

	@Bean
	DataDirectory dataDirectory(@Value("${tallygate.data-dir:" + SandboxProperties.DATA_DIR + "}") String path) {
		return DataDirectory.hold(Path.of(path));
	}

	@Bean
	@DependsOnDatabaseInitialization
	LiveKeyCheck liveKeyCheck(JdbcConnectionDetails server) {
		return new LiveKeyCheck(server);
	}

}
