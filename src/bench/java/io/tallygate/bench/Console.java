package io.tallygate.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The tables of a run, for the terminal. */
final class Console {

	private Console() {
	}

	static void print(Samples samples) {
		for (String load : samples.loads()) {
			List<Figure> figures = Arrays.stream(Figure.values())
				.filter((figure) -> samples.targets(load)
					.stream()
					.anyMatch((target) -> samples.spread(load, target, figure).isPresent()))
				.toList();
			System.out.printf("%n%-38s", load);
			figures.forEach((figure) -> System.out.printf("%20s", figure.key()));
			System.out.println();
			for (String target : samples.targets(load)) {
				System.out.printf("%-38s", target);
				figures.forEach((figure) -> System.out.printf("%20s",
						samples.spread(load, target, figure).map((spread) -> number(spread.median())).orElse("")));
				System.out.println();
			}
		}
		System.out.printf("%n%-66s%12s%26s%10s%n", Target.TALLYGATE, "median", "rounds", "goal");
		for (Comparison comparison : Comparison.of(samples)) {
			Spread spread = comparison.spread(samples).orElseThrow();
			System.out.printf("%-66s%12s%26s%10s%s%n", comparison.name(), number(spread.median()),
					number(spread.min()) + " to " + number(spread.max()),
					(comparison.goal() != null) ? number(comparison.goal()) : "",
					comparison.isMetBy(spread) ? "" : "  missed");
		}
		System.out.println();
	}

	/** With as many digits as mean something. */
	static String number(double value) {
		return String.format(Locale.ROOT,
				(Math.abs(value) >= 100) ? "%,.0f" : (Math.abs(value) >= 10) ? "%.1f" : "%.2f", value);
	}

}
