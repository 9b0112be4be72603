package io.tallygate.core;

import io.r2dbc.spi.Readable;

/**
 * Reads columns that the schema declares {@code not null}: one that is null all the same
 * is named, instead of failing somewhere later.
 */
public final class Row {

	private Row() {
	}

	/**
	 * The column's value.
	 * @throws IllegalStateException if it is null
	 */
	public static <T> T get(Readable row, String column, Class<T> type) {
		T value = row.get(column, type);
		if (value == null) {
			throw new IllegalStateException("The column '" + column + "' must not be null but is");
		}
		return value;
	}

	/** A text column. */
	public static String text(Readable row, String column) {
		return get(row, column, String.class);
	}

	/** A whole number of any width. */
	public static long number(Readable row, String column) {
		return get(row, column, Long.class);
	}

}
