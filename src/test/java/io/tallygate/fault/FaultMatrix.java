package io.tallygate.fault;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The page on what can go wrong: what the campaigns measured, and each fault with what is
 * expected, who shows it and where that runs.
 *
 * @param rows the faults
 * @param tests that show them
 * @param results of the campaigns that are kept
 */
public record FaultMatrix(List<FaultRow> rows, List<MatrixTest> tests, Map<String, JsonNode> results) {

	/** Where the results stand that are worth keeping. */
	private static final Path RESULTS = Path.of("docs", "results");

	/** What is not one of these has a page of its own. */
	private static final List<String> CAMPAIGNS = List.of("cluster", "nemesis", "simulation", "soak", "upgrade");

	/** Figures that stand in another column or on another page. */
	private static final List<String> ELSEWHERE = List.of("at", "java", "cores", "watched", "kilobytes_grown");

	private static final String HEAD = """
			# What can go wrong

			Every fault that we could think of has a number. Of each this page says what is expected then, which test shows it,
			and where that test runs: in `./mvnw verify`, or in a campaign beside it (`-P…`,
			[Operating](operating.md#campaigns)). What no test shows has its reason in the last column.

			The page is made by `FaultMatrixTests` from `src/test/resources/fault-matrix.yaml` and from the tests that are
			marked `@Matrix`. It is not edited by hand.
			""";

	private static final String TABLE = """
			| | Fault | Expected | Shown by | Runs in | What remains |
			|---|---|---|---|---|---|
			""";

	/** As things are. */
	public static FaultMatrix read() {
		return new FaultMatrix(FaultRow.all(), MatrixTest.all(), readResults());
	}

	private static Map<String, JsonNode> readResults() {
		JsonMapper json = new JsonMapper();
		Map<String, JsonNode> results = new LinkedHashMap<>();
		for (String campaign : CAMPAIGNS) {
			Path file = RESULTS.resolve(campaign + ".json");
			if (Files.exists(file)) {
				results.put(campaign, json.readTree(file.toFile()));
			}
		}
		return results;
	}

	/** The tests that show a row. */
	public List<MatrixTest> of(FaultRow row) {
		return this.tests.stream().filter((test) -> test.rows().contains(row.number())).toList();
	}

	/** The page. */
	public String page() {
		StringBuilder page = new StringBuilder(HEAD);
		if (!this.results.isEmpty()) {
			page.append("\n## What the campaigns found\n\n| Campaign | When and on what | Figures |\n|---|---|---|\n");
			this.results.forEach((campaign, result) -> page.append(figures(campaign, result)));
			this.results.forEach((campaign, result) -> page.append(kinds(campaign, result.path("kinds"))));
			this.results.forEach((campaign, result) -> result.properties()
				.stream()
				.filter((figure) -> !ELSEWHERE.contains(figure.getKey()) && isTable(figure.getValue()))
				.forEach((figure) -> page.append(table(campaign, figure.getKey(), figure.getValue()))));
		}
		this.rows.stream()
			.collect(Collectors.groupingBy(FaultRow::group, LinkedHashMap::new, Collectors.toList()))
			.forEach((group, rows) -> {
				page.append("\n## ").append(group).append("\n\n").append(TABLE);
				rows.forEach((row) -> page.append(line(row)));
			});
		return page.toString();
	}

	private String line(FaultRow row) {
		return "| %d | %s | %s | %s | %s | %s |\n".formatted(row.number(), row.fault(), row.expected(), shownBy(row),
				runsIn(row), (row.remains() != null) ? row.remains() : "");
	}

	private String shownBy(FaultRow row) {
		return of(row).stream()
			.collect(Collectors.groupingBy(MatrixTest::path, LinkedHashMap::new,
					Collectors.mapping((test) -> "`" + test.method() + "`", Collectors.joining(", "))))
			.entrySet()
			.stream()
			.map((shown) -> "`" + shown.getKey() + "`: " + shown.getValue())
			.collect(Collectors.joining("<br>"));
	}

	private String runsIn(FaultRow row) {
		return of(row).stream()
			.map(MatrixTest::runsIn)
			.distinct()
			.sorted(Comparator.reverseOrder())
			.map((place) -> place.startsWith("-P") ? "`" + place + "`" : place)
			.collect(Collectors.joining("<br>"));
	}

	private static String figures(String campaign, JsonNode result) {
		String machine = "%s, Java %s, %s cores".formatted(result.path("at").asString(), result.path("java").asString(),
				result.path("cores").asString());
		String figures = result.properties()
			.stream()
			.filter((figure) -> !ELSEWHERE.contains(figure.getKey()) && !isTable(figure.getValue()))
			.map((figure) -> figure(figure.getKey(), figure.getValue()))
			.collect(Collectors.joining(", "));
		return "| %s | %s | %s |\n".formatted(campaign, machine, figures);
	}

	/** How often each thing went wrong, and how long it took until all was in order. */
	private static String kinds(String campaign, JsonNode kinds) {
		if (kinds.isEmpty()) {
			return "";
		}
		return kinds.properties()
			.stream()
			.map((kind) -> "| %s | %d | %s | %s |\n".formatted(kind.getKey(), kind.getValue().path("times").asInt(),
					seconds(kind.getValue().path("millis").asLong() / kind.getValue().path("times").asInt(1)),
					seconds(kind.getValue().path("millisMax").asLong())))
			.collect(Collectors.joining("", "\nWhat went wrong in `" + campaign
					+ "`, and how long it took from there until all that was asked before its end was where it belongs:\n\n"
					+ "| Fault | Times | Mean | Longest |\n|---|---|---|---|\n", ""));
	}

	private static boolean isTable(JsonNode value) {
		return value.isArray() && value.path(0).isObject();
	}

	/** What happened several times, a row each. */
	private static String table(String campaign, String name, JsonNode rows) {
		List<String> columns = rows.path(0).properties().stream().map(Map.Entry::getKey).toList();
		String head = columns.stream()
			.map(FaultMatrix::words)
			.collect(Collectors.joining(" | ", "\nIn `" + campaign + "`, " + words(name) + ":\n\n| ", " |\n"));
		String line = "|" + "---|".repeat(columns.size()) + "\n";
		return rows.valueStream()
			.map((row) -> columns.stream()
				.map((column) -> cell(row.path(column)))
				.collect(Collectors.joining(" | ", "| ", " |\n")))
			.collect(Collectors.joining("", head + line, ""));
	}

	private static String cell(JsonNode value) {
		return value.isArray() ? value.valueStream().map(JsonNode::asString).collect(Collectors.joining(", "))
				: value.asString();
	}

	private static String words(String name) {
		return name.replaceAll("(?<=[a-z])(?=[A-Z])", " ").replace('_', ' ').toLowerCase(Locale.ROOT);
	}

	private static String seconds(long millis) {
		return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
	}

	/**
	 * Of figures by kind, and of lists, how many there are; of planted bugs, how many
	 * seeds the last of them needed.
	 */
	private static String figure(String name, JsonNode value) {
		String words = name.replace('_', ' ');
		if (!value.isContainer()) {
			return words + " " + value.asString();
		}
		if (name.equals("bugs")) {
			long seeds = value.properties().stream().mapToLong((bug) -> bug.getValue().asLong()).max().orElse(0);
			return "planted bugs found " + value.size() + " (each within " + seeds + " seeds)";
		}
		return words + " " + value.size();
	}

}
