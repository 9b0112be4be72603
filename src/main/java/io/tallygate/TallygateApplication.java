package io.tallygate;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Starts Tallygate: the sandbox when nothing is configured, the real thing otherwise. */
@SpringBootApplication
public class TallygateApplication {

	public static void main(String[] args) {
		SpringApplication.run(TallygateApplication.class, args);
	}

}
