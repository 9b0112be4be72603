package io.tallygate;

import java.util.List;

import org.springframework.boot.ExitCodeGenerator;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** Starts Tallygate: the sandbox when nothing is configured, the real thing otherwise. */
@SpringBootApplication
public class TallygateApplication {

	public static void main(String[] args) {
		ConfigurableApplicationContext context = SpringApplication.run(TallygateApplication.class, args);
		List<ExitCodeGenerator> rooms = List.copyOf(context.getBeansOfType(ExitCodeGenerator.class).values());
		// A JVM ended by SIGTERM reports 143 by itself. Who stopped us wants to know
		// whether all was drained: 0, or what a room says after it has stopped.
		SpringApplication.getShutdownHandlers()
			.add(() -> Runtime.getRuntime()
				.halt(rooms.stream().mapToInt(ExitCodeGenerator::getExitCode).max().orElse(0)));
	}

}
