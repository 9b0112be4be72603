package io.tallygate.fault;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * A fault, and what is expected when it happens.
 *
 * @param group whose fault it is
 * @param number by which tests name it
 * @param fault in words
 * @param expected of us then
 * @param remains what no test shows, and why; {@code null} when the tests show all of it
 */
public record FaultRow(String group, int number, String fault, String expected, String remains) {

	private static final String RESOURCE = "/fault-matrix.yaml";

	/** All rows, in order. */
	static List<FaultRow> all() {
		try (InputStream resource = FaultRow.class.getResourceAsStream(RESOURCE)) {
			List<Map<String, Object>> groups = new Yaml(new SafeConstructor(new LoaderOptions())).load(resource);
			return groups.stream().flatMap((group) -> rows(group).stream().map((row) -> of(group, row))).toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@SuppressWarnings("unchecked")
	private static List<Map<String, Object>> rows(Map<String, Object> group) {
		return (List<Map<String, Object>>) group.get("rows");
	}

	private static FaultRow of(Map<String, Object> group, Map<String, Object> row) {
		return new FaultRow((String) group.get("group"), (int) row.get("row"), (String) row.get("fault"),
				(String) row.get("expected"), (String) row.get("remains"));
	}

}
