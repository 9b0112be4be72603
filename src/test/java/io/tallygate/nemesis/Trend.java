package io.tallygate.nemesis;

import java.util.Arrays;
import java.util.List;

/**
 * Where a series goes: the line of Theil and Sen, whose slope is the median of the slopes
 * between all pairs of points. Some of the points may be anything, such as one that was
 * taken when a store had just come back, and it stays where it is.
 *
 * @param perHour slope
 * @param first the line's value at the first point
 * @param last and at the last
 * @param hours between these
 */
record Trend(double perHour, double first, double last, double hours) {

	private static final double SECONDS = 3600;

	/**
	 * A value that was seen.
	 *
	 * @param seconds since the beginning
	 * @param value in the unit of its series
	 */
	record Point(double seconds, double value) {
	}

	/**
	 * The trend of at least two points of different times.
	 * @param points in the order of time
	 */
	static Trend of(List<Point> points) {
		double[] slopes = new double[points.size() * (points.size() - 1) / 2];
		int count = 0;
		for (int i = 0; i < points.size(); i++) {
			for (int j = i + 1; j < points.size(); j++) {
				double hours = (points.get(j).seconds() - points.get(i).seconds()) / SECONDS;
				if (hours > 0) {
					slopes[count++] = (points.get(j).value() - points.get(i).value()) / hours;
				}
			}
		}
		if (count == 0) {
			throw new IllegalArgumentException("No trend in " + points.size() + " points");
		}
		double perHour = median(Arrays.copyOf(slopes, count));
		double begun = points.get(0).seconds();
		double first = median(points.stream()
			.mapToDouble((point) -> point.value() - perHour * (point.seconds() - begun) / SECONDS)
			.toArray());
		double hours = (points.get(points.size() - 1).seconds() - begun) / SECONDS;
		return new Trend(perHour, first, first + perHour * hours, hours);
	}

	/** By how much it rose in all. */
	double rise() {
		return this.last - this.first;
	}

	/**
	 * Whether it rises by more than it may.
	 * @param perHourMax the steepest that passes for level
	 * @param grain a rise over the whole time that tells nothing, however short that was
	 */
	boolean rises(double perHourMax, double grain) {
		return this.perHour > perHourMax && rise() > grain;
	}

	private static double median(double[] values) {
		Arrays.sort(values);
		int middle = values.length / 2;
		return (values.length % 2 == 1) ? values[middle] : (values[middle - 1] + values[middle]) / 2;
	}

}
