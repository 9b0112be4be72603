package io.tallygate.nemesis;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.tallygate.nemesis.Attempt.Ending;

/**
 * What came of a run, in figures.
 *
 * @param plan that was carried out
 * @param took from the first request to the last comparison
 * @param faults that happened
 * @param rows by kind of fault
 * @param sums of the comparison
 * @param requests of apps, tries again included
 * @param complete those whose app saw all of a successful answer
 * @param retries tries again
 * @param errors of the gateways
 * @param endings how requests ended for their apps
 * @param deaths gateways killed
 * @param underWay requests of apps at the killed gateways at that moment
 * @param lost what two faults at once lost although its app saw all of it
 */
record Outcome(Nemesis.Plan plan, Duration took, int faults, Map<String, Nemesis.Row> rows, Audit.Sums sums,
		long requests, long complete, long retries, long errors, Map<Ending, Long> endings, int deaths, int underWay,
		List<String> lost) {

	/** For a file. */
	Map<String, Object> figures() {
		Map<String, Object> figures = new LinkedHashMap<>();
		figures.put("seed", this.plan.seed());
		figures.put("minutes", this.plan.time().toMinutes());
		figures.put("requests_per_second", this.plan.perSecond());
		figures.put("pairs", this.plan.arePairs());
		figures.put("redis", this.plan.isCluster() ? "cluster" : "pair");
		figures.put("seconds", this.took.toSeconds());
		figures.put("faults", this.faults);
		figures.put("requests", this.requests);
		figures.put("complete", this.complete);
		figures.put("retries", this.retries);
		figures.put("errors", this.errors);
		figures.put("endings", this.endings);
		figures.put("gateways_killed", this.deaths);
		figures.put("requests_at_killed_gateways", this.underWay);
		figures.put("answers_reported", this.sums.reported());
		figures.put("tokens_reported", this.sums.tokens());
		figures.put("lines_billed", this.sums.billed());
		figures.put("lines_estimated", this.sums.estimated());
		figures.put("lines_free", this.sums.free());
		figures.put("tokens_of_drift", this.sums.drift());
		figures.put("missing", this.sums.missing());
		figures.put("doubled", this.sums.doubled());
		figures.put("answers_cut_off", this.sums.cutOff());
		figures.put("orphans", this.sums.orphans());
		figures.put("marks_open_at_kills", this.sums.marked());
		figures.put("lost_by_pairs", this.lost);
		figures.put("units_at_stripe", this.sums.units());
		figures.put("kinds", this.rows);
		return figures;
	}

	/** For a person. */
	String table() {
		StringBuilder table = new StringBuilder();
		table.append("%-60s %5s %8s %8s%n".formatted("fault", "times", "mean s", "max s"));
		this.rows.forEach((name, row) -> table.append("%-60s %5d %8.1f %8.1f%n".formatted(name, row.times(),
				row.millis() / 1000.0 / row.times(), row.millisMax() / 1000.0)));
		table.append(System.lineSeparator());
		figures().entrySet()
			.stream()
			.filter((figure) -> !(figure.getValue() instanceof Map))
			.forEach((figure) -> table.append(
					"%-32s %s%n".formatted(figure.getKey().replace('_', ' '), Objects.toString(figure.getValue()))));
		return table.toString();
	}

}
