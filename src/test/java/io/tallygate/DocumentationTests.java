package io.tallygate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.core.Metric;
import io.tallygate.relay.DataPlane;
import io.tallygate.stripe.StripePermission;
import io.tallygate.support.Markdown;
import io.tallygate.support.ServedCalls;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

/** What the documentation says of names, tables and references is so. */
class DocumentationTests {

	private static final Pattern CALL = Pattern.compile("`((?:GET|POST|PUT|PATCH|DELETE) /[^`]+)`");

	private static final Pattern CODE = Pattern.compile("`([a-z_]+)`");

	private static final Pattern CLASS = Pattern.compile("([a-z]+(/[a-z]+)*/)?[A-Z]\\w+");

	private static final Pattern FILE = Pattern.compile("[\\w.-]+(/[\\w.-]+)*\\.(lua|sql|xml|yaml|md|java)");

	private static final Pattern PROMETHEUS = Pattern
		.compile("(tallygate_[a-z_]+?)(_total|_seconds_count|_seconds_sum|_seconds_max|_seconds)?(\\{.*})?");

	/** {@code (docs/operating.md, "Rights")}, in Java with its quotes escaped. */
	private static final Pattern REFERENCE = Pattern
		.compile("\\b((?:docs/[\\w./-]+|README)\\.md)(?:, \\\\?\"([^\"\\\\]+)\\\\?\")?");

	private final Markdown api = Markdown.read("docs/api.md");

	private final Markdown operating = Markdown.read("docs/operating.md");

	static List<Markdown> pages() {
		return Markdown.all();
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everyLinkLeadsSomewhere(Markdown page) {
		Path directory = page.file().toAbsolutePath().getParent();
		for (String link : page.links().stream().filter((each) -> !each.startsWith("http")).toList()) {
			String[] parts = link.split("#", 2);
			Path target = parts[0].isEmpty() ? page.file() : directory.resolve(parts[0]);

			assertThat(target).as(link).exists();
			if (parts.length == 2) {
				assertThat(Markdown.read(target.toString()).anchors()).as(link).contains(parts[1]);
			}
		}
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everyClassAndFileThatIsNamedIsThere(Markdown page) {
		for (String code : page.code()) {
			if (CLASS.matcher(code).matches() && (code.contains("/") || code.endsWith("Tests"))) {
				assertThat(sources(code + ".java")).as(code).isNotEmpty();
			}
			else if (FILE.matcher(code).matches()) {
				assertThat(Path.of(code).toFile().exists() || !sources(code).isEmpty()).as(code).isTrue();
			}
		}
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everySettingThatIsNamedIsTaken(Markdown page) {
		Set<String> metrics = Arrays.stream(Metric.values()).map(Metric::key).collect(Collectors.toSet());
		KnownSettings known = KnownSettings.fromClassPath();

		DocumentedSettings.assertKnown(DocumentedSettings.environmentNames(page));
		assertThat(page.code()
			.stream()
			.filter((code) -> code.matches("tallygate\\.[a-z.-]+"))
			.filter((code) -> !metrics.contains(code))).noneMatch(known::isUnknown);
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everyMetricThatIsNamedIsCounted(Markdown page) {
		Set<String> names = Arrays.stream(Metric.values())
			.map((metric) -> metric.key().replace('.', '_'))
			.collect(Collectors.toSet());

		assertThat(page.code()
			.stream()
			.map(PROMETHEUS::matcher)
			.filter((matcher) -> matcher.matches() && !matcher.group(1).matches("tallygate_(tenant|system)"))
			.map((matcher) -> matcher.group(1))).allMatch(names::contains);
	}

	@ParameterizedTest
	@MethodSource("pages")
	void everyCurlAsksForWhatIsServed(Markdown page) {
		assertThat(page.commands().stream().map(ServedCalls::ofCommand).filter((call) -> call != null))
			.allMatch(ServedCalls::isServed);
	}

	@Test
	void everySettingStandsInTheOperatingGuideWithItsDefault() {
		Map<String, String> written = new TreeMap<>();
		this.operating.rows()
			.stream()
			.filter((row) -> row.get(0).startsWith("`tallygate.") && row.size() == 3
					&& !row.get(1).matches("(counter|gauge|timer).*"))
			.forEach((row) -> written.put(row.get(0).replace("`", ""), row.get(2).replace("`", "")));

		assertThat(written).isEqualTo(DocumentedSettings.metadata("tallygate."));
	}

	@Test
	void everyMetricStandsInTheOperatingGuideWithItsMeaning() {
		Map<String, String> written = new TreeMap<>();
		this.operating.section("Metrics")
			.rows()
			.stream()
			.skip(1)
			.forEach((row) -> written.put(row.get(0).replace("`", ""), row.get(2)));

		assertThat(written)
			.isEqualTo(Arrays.stream(Metric.values()).collect(Collectors.toMap(Metric::key, Metric::description)));
	}

	@Test
	void everyCallStandsInTheReferenceAndNoOther() {
		Set<String> written = this.api.rows()
			.stream()
			.flatMap((row) -> CALL.matcher(row.get(0)).results())
			.map((match) -> ServedCalls.nameless(match.group(1)))
			.collect(Collectors.toCollection(TreeSet::new));

		assertThat(written).containsAll(ServedCalls.ofAdminApi()).allMatch(ServedCalls::isServed);
	}

	@Test
	void everyCallOfTheReferenceHasACommand() {
		assertThat(this.api.commands().stream().map(ServedCalls::ofCommand).toList())
			.containsAll(ServedCalls.ofAdminApi());
	}

	@Test
	void everyErrorOfTheDataPlaneStandsInTheReference() {
		Map<String, Integer> written = new TreeMap<>();
		this.api.section("Errors")
			.rows()
			.stream()
			.skip(1)
			.forEach((row) -> written.put(row.get(1).replace("`", ""), Integer.valueOf(row.get(0))));

		assertThat(written).isEqualTo(DataPlane.errors());
	}

	@Test
	void everyProblemOfTheAdminApiStandsInTheReference() {
		Set<String> written = this.api.section("The admin API")
			.rows()
			.stream()
			.skip(1)
			.flatMap((row) -> CODE.matcher(row.get(1)).results().map((code) -> row.get(0) + " " + code.group(1)))
			.collect(Collectors.toCollection(TreeSet::new));
		Pattern problem = Pattern.compile("new Problem\\(\\s*(\\d+),\\s*\"([a-z_]+)\"");
		Set<String> thrown = mainSources().flatMap((source) -> problem.matcher(source).results())
			.map((match) -> match.group(1) + " " + match.group(2))
			.collect(Collectors.toCollection(TreeSet::new));

		assertThat(thrown).hasSizeGreaterThan(30);
		assertThat(written).containsAll(thrown);
	}

	@Test
	void everyPermissionOfARestrictedKeyStandsInItsGuideAndNoOther() {
		List<List<String>> written = Markdown.read("docs/guides/restricted-keys.md")
			.rows()
			.stream()
			.filter((row) -> row.size() == 4 && row.get(1).matches("`.+\\..+`|`[a-z_]+`")
					&& !row.get(1).contains("resource"))
			.toList();

		assertThat(written).containsExactlyElementsOf(Arrays.stream(StripePermission.values())
			.map((each) -> List.of(each.dashboardName(), "`" + each.resource() + "`", each.access().word(),
					each.neededFor()))
			.toList());
	}

	@Test
	void theWallsStandInTheArchitectureAsTheyAreHeld() {
		Map<String, Set<String>> written = new TreeMap<>();
		for (List<String> row : Markdown.read("docs/architecture.md").section("The rooms").rows()) {
			Matcher room = CODE.matcher(row.get(0));
			if (room.matches()) {
				written.put(room.group(1),
						CODE.matcher(row.get(1)).results().map((each) -> each.group(1)).collect(Collectors.toSet()));
			}
		}

		assertThat(written).isEqualTo(ArchitectureTests.WALLS);
	}

	@Test
	void everyChapterThatTheCodeSendsAReaderToIsThere() throws IOException {
		List<MatchResult> references = new ArrayList<>();
		Stream.concat(mainSources(), Stream.of(Files.readString(Path.of("pom.xml"))))
			.forEach((source) -> REFERENCE.matcher(source).results().forEach(references::add));

		assertThat(references).hasSizeGreaterThan(3).allSatisfy((reference) -> {
			assertThat(Path.of(reference.group(1))).exists();
			if (reference.group(2) != null) {
				assertThat(Markdown.read(reference.group(1)).headings()).contains(reference.group(2));
			}
		});
	}

	private static List<Path> sources(String name) {
		try (Stream<Path> files = Files.walk(Path.of("src"))) {
			return files.filter((file) -> file.endsWith(name)).toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Java, SQL, scripts and settings. */
	private static Stream<String> mainSources() {
		try (Stream<Path> files = Files.walk(Path.of("src/main"))) {
			return files.filter(Files::isRegularFile).map(DocumentationTests::read).toList().stream();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String read(Path file) {
		try {
			return Files.readString(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
