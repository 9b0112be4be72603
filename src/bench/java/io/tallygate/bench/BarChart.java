package io.tallygate.bench;

import java.util.List;
import java.util.Locale;

/** Bars beside each other, as an SVG file that reads well on light and dark pages. */
final class BarChart {

	private static final int WIDTH = 760;

	private static final int NAMES = 290;

	private static final int VALUES = 130;

	private static final int ROW = 30;

	private static final int TOP = 44;

	private BarChart() {
	}

	/**
	 * One bar.
	 *
	 * @param name beside it
	 * @param spread its length is the median; a line shows from where to where it went
	 * @param isOurs drawn in another colour
	 */
	record Bar(String name, Spread spread, boolean isOurs) {
	}

	static String of(String title, List<Bar> bars) {
		double most = bars.stream().mapToDouble((bar) -> bar.spread().max()).max().orElse(1);
		double scale = (WIDTH - NAMES - VALUES) / Math.max(most, Double.MIN_NORMAL);
		int height = TOP + bars.size() * ROW + 10;
		StringBuilder svg = new StringBuilder();
		line(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
				+ "font-size=\"14\" role=\"img\">", WIDTH, height);
		line(svg, "<title>%s</title>", escaped(title));
		line(svg, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", WIDTH, height);
		line(svg, "<text x=\"12\" y=\"26\" font-weight=\"bold\" fill=\"#1f2933\">%s</text>", escaped(title));
		for (int i = 0; i < bars.size(); i++) {
			bar(svg, bars.get(i), TOP + i * ROW, scale);
		}
		return svg.append("</svg>\n").toString();
	}

	private static void bar(StringBuilder svg, Bar bar, int y, double scale) {
		Spread spread = bar.spread();
		double length = Math.max(1, spread.median() * scale);
		line(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#1f2933\">%s</text>", NAMES - 10, y + 16,
				escaped(bar.name()));
		line(svg, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"20\" fill=\"%s\"/>", NAMES, y + 1, length,
				bar.isOurs() ? "#0b7285" : "#adb5bd");
		line(svg, "<path d=\"M%.1f %dH%.1f\" stroke=\"#1f2933\" stroke-width=\"2\"/>", NAMES + spread.min() * scale,
				y + 11, NAMES + spread.max() * scale);
		line(svg, "<text x=\"%.1f\" y=\"%d\" fill=\"#1f2933\">%s</text>",
				NAMES + Math.max(length, spread.max() * scale) + 8, y + 16, Console.number(spread.median()));
	}

	private static void line(StringBuilder svg, String format, Object... arguments) {
		svg.append(String.format(Locale.ROOT, format, arguments)).append('\n');
	}

	private static String escaped(String text) {
		return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
	}

}
