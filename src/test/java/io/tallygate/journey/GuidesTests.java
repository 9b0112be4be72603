package io.tallygate.journey;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import io.tallygate.support.GatewayProcess;
import io.tallygate.support.Markdown;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * The pages in docs/guides that tell a story do what they say: their commands are pasted
 * into a shell in their order, beside a running sandbox, and each block must answer what
 * stands below it. With a test key in the environment the real Stripe has to, too.
 */
class GuidesTests {

	private static final String STRIPE_KEY = "STRIPE_TEST_KEY";

	private static final String START = "./mvnw spring-boot:run";

	/** The parts of a page for which the real Stripe has nothing. */
	private static final String SANDBOX_ONLY = "(in the sandbox)";

	private static final Duration SANDBOX_MAX = Duration.ofMinutes(4);

	/** Event summaries take their time there. */
	private static final Duration REAL_MAX = Duration.ofMinutes(30);

	private static final Pattern EXPORTED = Pattern.compile("(?<=[ ])([A-Z_]+)=");

	private static GatewayProcess gateway;

	@TempDir
	private Path directory;

	@BeforeAll
	static void start() throws Exception {
		for (String tool : List.of("bash", "curl", "jq")) {
			assumeTrue(isThere(tool), "No " + tool + " here: the commands of the guides cannot be run");
		}
		gateway = GatewayProcess.fresh();
		gateway.start();
	}

	@AfterAll
	static void stop() {
		if (gateway != null) {
			gateway.close();
		}
	}

	/**
	 * Commands, and what the page says that they answer.
	 *
	 * @param commands a line each
	 * @param answer with its last line break; empty where nothing is said
	 */
	private record Step(String commands, String answer) {
	}

	@ParameterizedTest
	@ValueSource(strings = { "alpaca", "agency" })
	void everyCommandAnswersWhatThePageSays(String name) throws Exception {
		Markdown page = Markdown.read("docs/guides/" + name + ".md");

		answersAsItSays(steps(page, "sh"), SANDBOX_MAX);
	}

	@ParameterizedTest
	@ValueSource(strings = { "alpaca", "agency" })
	@EnabledIfEnvironmentVariable(named = STRIPE_KEY, matches = "[sr]k_test_.+")
	void soDoTheyWithStripeItself(String name) throws Exception {
		Markdown page = Markdown.read("docs/guides/" + name + ".md").before(SANDBOX_ONLY);

		answersAsItSays(steps(page, "bash"), REAL_MAX);
	}

	@Test
	void theCommandsOfStripesOwnToolAreWellFormed() throws Exception {
		Markdown page = Markdown.read("docs/guides/stripe-cli.md");
		Path script = this.directory.resolve("stripe-cli.sh");
		Files.writeString(script, String.join("\n", page.commands()));

		Process parser = new ProcessBuilder("bash", "-n", script.toString()).inheritIO().start();

		assertThat(parser.waitFor()).isZero();
		assertThat(page.commands()).hasSizeGreaterThan(10)
			.allMatch((command) -> command.matches("(export [A-Z_]+=\\S+|stripe|curl -s) .*|stripe login"));
	}

	/**
	 * The steps of a page, with the first block that sets the terminal up in this
	 * language.
	 */
	private static List<Step> steps(Markdown page, String setUp) {
		List<Step> steps = new ArrayList<>();
		boolean isSetUp = false;
		for (Markdown.Block block : page.blocks()) {
			boolean setsUp = block.text().startsWith("export PLATFORM_TOKEN=");
			if (setsUp ? block.language().equals(setUp) : block.language().equals("sh")) {
				isSetUp |= setsUp;
				steps.add(new Step(block.text(), ""));
			}
			else if (block.language().equals("json") || block.language().equals("text")) {
				Step last = steps.remove(steps.size() - 1);
				steps.add(new Step(last.commands(), last.answer() + block.text()));
			}
		}
		assertThat(isSetUp).isTrue();
		assertThat(steps.remove(0).commands()).isEqualTo(START + "\n");
		return steps;
	}

	private void answersAsItSays(List<Step> steps, Duration max) throws Exception {
		StringBuilder script = new StringBuilder("set -euo pipefail\n");
		for (int i = 0; i < steps.size(); i++) {
			script.append("exec > '").append(output(i)).append("'\n");
			steps.get(i)
				.commands()
				.lines()
				.forEach((line) -> script.append(here(line)).append('\n').append(check(line)));
		}
		Path file = Files.writeString(this.directory.resolve("page.sh"), script);
		Path errors = this.directory.resolve("errors");

		Process shell = new ProcessBuilder("bash", file.toString()).redirectError(errors.toFile()).start();
		boolean isOver = shell.waitFor(max.toSeconds(), TimeUnit.SECONDS);
		if (!isOver) {
			shell.descendants().forEach(ProcessHandle::destroyForcibly);
			shell.destroyForcibly().waitFor();
		}

		for (int i = 0; i < steps.size() && Files.exists(output(i)); i++) {
			Step step = steps.get(i);
			assertThat(Files.readString(output(i)))
				.as(() -> step.commands() + (isOver ? "" : "(out of time)\n") + read(errors))
				.isEqualTo(step.answer());
		}
		assertThat(isOver).as("in time").isTrue();
		assertThat(shell.exitValue()).as(() -> read(errors)).isZero();
	}

	private Path output(int step) {
		return this.directory.resolve("answer-" + step);
	}

	/** A line of the page, meant for this sandbox, with the keys filled in. */
	private static String here(String line) {
		String key = (System.getenv(STRIPE_KEY) != null) ? System.getenv(STRIPE_KEY) : "";
		return line.replace("http://localhost:8080", gateway.baseUrl().toString())
			.replace("http://localhost:8082", gateway.providerUrl().toString())
			.replace("http://localhost:8083", gateway.stripeUrl().toString())
			.replace("STRIPE=https://api.stripe.com",
					"STRIPE=" + (key.startsWith("sk_test_sandbox_") ? gateway.stripeUrl() : "https://api.stripe.com"))
			.replace("tgp_…", gateway.platformToken())
			.replace("sk_test_…", key);
	}

	/** A person would see that nothing was exported; the shell would go on. */
	private static String check(String line) {
		if (!line.startsWith("export ")) {
			return "";
		}
		StringBuilder check = new StringBuilder();
		EXPORTED.matcher(line.replaceAll("\\$\\(.*?\\)( |$)|'[^']*'|\"[^\"]*\"", "x ")).results().forEach((match) -> {
			String name = match.group(1);
			check.append("[[ -n \"$")
				.append(name)
				.append("\" && \"$")
				.append(name)
				.append("\" != null ]] || { echo '")
				.append(name)
				.append(" is empty' >&2; exit 1; }\n");
		});
		return check.toString();
	}

	private static boolean isThere(String tool) throws Exception {
		try {
			Process asked = new ProcessBuilder(tool, "--version").redirectErrorStream(true).start();
			asked.getInputStream().readAllBytes();
			return asked.waitFor() == 0;
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static String read(Path file) {
		try {
			return Files.readString(file);
		}
		catch (IOException ex) {
			return String.valueOf(ex.getMessage());
		}
	}

}
