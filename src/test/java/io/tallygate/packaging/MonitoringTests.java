package io.tallygate.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.tallygate.support.Markdown;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Alerts and dashboard ask for what is counted, under the names that Prometheus sees, and
 * each alert leads to a page that says what to do.
 */
class MonitoringTests {

	private static final Path OVERLAY = Path.of("k8s", "overlays", "monitoring");

	private static final Pattern NAME = Pattern.compile("\\btallygate_[a-z_]+");

	private static final Pattern INCREASE = Pattern.compile("\\bincrease\\((tallygate_[a-z_]+)");

	private static final String RUNBOOKS = "https://docs.example.com/operating.md#";

	private final Markdown operating = Markdown.read("docs/operating.md");

	@Test
	void everyAlertAsksForWhatIsCounted() {
		assertThat(names(rules().stream().map((rule) -> rule.get("expr").getAsString()))).isNotEmpty()
			.isSubsetOf(counted());
	}

	/** Of a counter that was not there before increase() knows no rise. */
	@Test
	void anAlertOnWhatIsCountedByTagHearsOfTheFirstEventToo() {
		assertThat(rules().stream().map((rule) -> rule.get("expr").getAsString())).allSatisfy(
				(expression) -> assertThat(INCREASE.matcher(expression).results().map((match) -> match.group(1)))
					.filteredOn(this::hasTags)
					.allSatisfy((name) -> assertThat(expression).containsPattern("unless " + name + "\\S* offset")));
	}

	private boolean hasTags(String counter) {
		return this.operating.section("Metrics")
			.rows()
			.stream()
			.filter((row) -> counter.startsWith(row.get(0).replace("`", "").replace('.', '_') + "_"))
			.anyMatch((row) -> row.get(1).contains(", `"));
	}

	@Test
	void everyPanelAsksForWhatIsCounted() throws IOException {
		JsonElement dashboard = JsonParser.parseString(Files.readString(OVERLAY.resolve("dashboard.json")));
		List<String> queries = new ArrayList<>();
		dashboard.getAsJsonObject().getAsJsonArray("panels").forEach((panel) -> {
			JsonArray targets = panel.getAsJsonObject().getAsJsonArray("targets");
			if (targets != null) {
				targets.forEach((target) -> queries.add(target.getAsJsonObject().get("expr").getAsString()));
			}
		});

		assertThat(names(queries.stream())).hasSizeGreaterThan(20).isSubsetOf(counted());
	}

	@Test
	void everyAlertLeadsToAPageThatSaysWhatToDo() {
		assertThat(rules()).isNotEmpty().allSatisfy((rule) -> {
			String runbook = rule.getAsJsonObject("annotations").get("runbook_url").getAsString();

			assertThat(runbook).startsWith(RUNBOOKS);
			assertThat(this.operating.anchors()).contains(runbook.substring(RUNBOOKS.length()));
		});
	}

	@Test
	void everyAlertOfTheGuideIsARule() {
		Stream<String> guide = this.operating.section("Alerts worth having").rows().stream().map((row) -> row.get(0));

		assertThat(names(rules().stream().map((rule) -> rule.get("expr").getAsString()))).containsAll(names(guide));
	}

	@Test
	void everyAlertSaysHowMuchItMatters() {
		assertThat(rules()).allSatisfy((rule) -> {
			assertThat(rule.getAsJsonObject("labels").get("severity").getAsString()).isIn("critical", "warning");
			assertThat(rule.getAsJsonObject("annotations").get("summary").getAsString()).isNotBlank();
		});
	}

	@Test
	void prometheusFindsThePortThatTheServiceOpens() {
		JsonObject monitor = file("service-monitor.yaml").only("ServiceMonitor").getAsJsonObject();
		JsonObject endpoint = monitor.getAsJsonObject("spec").getAsJsonArray("endpoints").get(0).getAsJsonObject();
		JsonObject service = file("management.yaml").only("Service").getAsJsonObject();
		JsonObject port = service.getAsJsonObject("spec").getAsJsonArray("ports").get(0).getAsJsonObject();

		assertThat(endpoint.get("path").getAsString()).isEqualTo("/actuator/prometheus");
		assertThat(endpoint.get("port")).isEqualTo(port.get("name"));
		assertThat(monitor.getAsJsonObject("spec").getAsJsonObject("selector").getAsJsonObject("matchLabels"))
			.isEqualTo(service.getAsJsonObject("metadata").getAsJsonObject("labels"));
	}

	private static List<JsonObject> rules() {
		List<JsonObject> rules = new ArrayList<>();
		file("rules.yaml").only("PrometheusRule")
			.getAsJsonObject()
			.getAsJsonObject("spec")
			.getAsJsonArray("groups")
			.forEach((group) -> group.getAsJsonObject()
				.getAsJsonArray("rules")
				.forEach((rule) -> rules.add(rule.getAsJsonObject())));
		return rules;
	}

	private static Manifests file(String name) {
		return Manifests.files()
			.stream()
			.filter((file) -> Path.of(file.name()).equals(OVERLAY.resolve(name)))
			.findFirst()
			.orElseThrow();
	}

	private static Set<String> names(Stream<String> texts) {
		return texts.flatMap((text) -> NAME.matcher(text).results())
			.map((match) -> match.group())
			.collect(Collectors.toCollection(TreeSet::new));
	}

	/**
	 * As Prometheus sees what the guide lists, by the kind that the guide gives it; that
	 * the list is whole is another test's.
	 */
	private Set<String> counted() {
		Set<String> counted = new HashSet<>();
		this.operating.section("Metrics").rows().stream().skip(1).forEach((row) -> {
			String name = row.get(0).replace("`", "").replace('.', '_');
			switch (row.get(1).replaceAll(",.*", "")) {
				case "counter" -> counted.add(name + "_total");
				case "timer" -> {
					if (row.get(1).contains("percentile")) {
						counted.add(name + "_seconds");
					}
					counted.addAll(List.of(name + "_seconds_count", name + "_seconds_sum", name + "_seconds_max"));
				}
				default -> counted.add(name);
			}
		});
		return counted;
	}

}
