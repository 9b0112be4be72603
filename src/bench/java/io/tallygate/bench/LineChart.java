package io.tallygate.bench;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Lines over sizes, as an SVG file that reads well on light and dark pages. Sizes stand
 * at the same distance from each other, however far apart they are.
 */
final class LineChart {

	private static final int WIDTH = 760;

	private static final int LEFT = 70;

	private static final int RIGHT = 170;

	private static final int TOP = 50;

	private static final int HEIGHT = 240;

	private static final int STEPS = 4;

	/** Names of lines stand no closer than this. */
	private static final int NAME_HEIGHT = 18;

	private static final List<String> COLOURS = List.of("#0b7285", "#c92a2a", "#5f3dc4", "#868e96");

	private LineChart() {
	}

	/**
	 * One line.
	 *
	 * @param name beside its end
	 * @param spreads at each size, as far as it was measured: its points are medians, and
	 * marks show from where to where they went
	 */
	record Line(String name, List<Optional<Spread>> spreads) {

		Line {
			spreads = List.copyOf(spreads);
		}

	}

	static String of(String title, List<String> sizes, List<Line> lines) {
		double most = top(lines.stream()
			.flatMap((line) -> line.spreads().stream())
			.flatMap(Optional::stream)
			.mapToDouble(Spread::max)
			.max()
			.orElse(1));
		StringBuilder svg = new StringBuilder();
		line(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
				+ "font-size=\"14\" role=\"img\">", WIDTH, TOP + HEIGHT + 40);
		line(svg, "<title>%s</title>", escaped(title));
		line(svg, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", WIDTH, TOP + HEIGHT + 40);
		line(svg, "<text x=\"12\" y=\"26\" font-weight=\"bold\" fill=\"#1f2933\">%s</text>", escaped(title));
		for (int step = 0; step <= STEPS; step++) {
			double value = most * step / STEPS;
			line(svg, "<path d=\"M%d %.1fH%d\" stroke=\"#dee2e6\"/>", LEFT, y(value, most), WIDTH - RIGHT);
			line(svg, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#1f2933\">%s</text>", LEFT - 8,
					y(value, most) + 5, Console.number(value));
		}
		for (int i = 0; i < sizes.size(); i++) {
			line(svg, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#1f2933\">%s</text>", x(i, sizes.size()),
					TOP + HEIGHT + 24, escaped(sizes.get(i)));
		}
		double lastName = Double.MAX_VALUE;
		List<Line> fromTop = lines.stream().sorted((one, other) -> Double.compare(last(one), last(other))).toList();
		for (Line each : fromTop) {
			lastName = Math.min(lastName - NAME_HEIGHT, y(last(each), most) + 5);
			draw(svg, each, COLOURS.get(lines.indexOf(each) % COLOURS.size()), most, lastName);
		}
		return svg.append("</svg>\n").toString();
	}

	private static void draw(StringBuilder svg, Line each, String colour, double most, double nameY) {
		StringBuilder path = new StringBuilder();
		for (int i = 0; i < each.spreads().size(); i++) {
			Optional<Spread> spread = each.spreads().get(i);
			if (spread.isPresent()) {
				double x = x(i, each.spreads().size());
				path.append(String.format(Locale.ROOT, "%s%.1f %.1f", path.isEmpty() ? "M" : "L", x,
						y(spread.get().median(), most)));
				line(svg, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"%s\" stroke-width=\"2\"/>", x,
						y(spread.get().min(), most), y(spread.get().max(), most), colour);
				line(svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>", x, y(spread.get().median(), most),
						colour);
			}
		}
		line(svg, "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>", path, colour);
		line(svg, "<text x=\"%d\" y=\"%.1f\" fill=\"%s\">%s</text>", WIDTH - RIGHT + 8, nameY, colour,
				escaped(each.name()));
	}

	private static double last(Line line) {
		return line.spreads()
			.stream()
			.flatMap(Optional::stream)
			.reduce((one, other) -> other)
			.map(Spread::median)
			.orElse(0.0);
	}

	/** A round number that is not less. */
	private static double top(double most) {
		double power = Math.pow(10, Math.floor(Math.log10(Math.max(most, Double.MIN_NORMAL))));
		for (double each : new double[] { 1, 2, 4, 5, 8 }) {
			if (each * power >= most) {
				return each * power;
			}
		}
		return 10 * power;
	}

	private static double x(int place, int places) {
		return LEFT + 30 + (WIDTH - LEFT - RIGHT - 60.0) * place / Math.max(1, places - 1);
	}

	private static double y(double value, double most) {
		return TOP + HEIGHT * (1 - value / most);
	}

	private static void line(StringBuilder svg, String format, Object... arguments) {
		svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
	}

	private static String escaped(String text) {
		return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
	}

}
