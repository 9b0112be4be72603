package io.tallygate.core;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Which page of a list is asked for. Ids sort by time, so an id is the cursor:
 * <pre>{@code
 * PageRequest page = PageRequest.of(limit, startingAfter, endingBefore);
 * page.of(page.bind(client.sql(SELECT_WHERE + page.tail("id")).bind("client", id)).map(row).all());
 * }</pre>
 *
 * @param limit entries on a page
 * @param cursor the id beyond which the page lies, {@code null} for the first page
 * @param isBackward whether the page lies before the cursor (newer) instead of after it
 */
public record PageRequest(int limit, @Nullable String cursor, boolean isBackward) {

	/** Entries on a page, unless asked otherwise. */
	public static final int LIMIT_DEFAULT = 10;

	/** The most entries on a page. */
	public static final int LIMIT_MAX = 100;

	private static final int CURSOR_LENGTH_MAX = 100;

	public PageRequest {
		if (limit < 1 || limit > LIMIT_MAX) {
			throw Problem.invalid("/limit", "limit must be between 1 and " + LIMIT_MAX + " but was " + limit);
		}
		if (cursor != null && (cursor.isBlank() || cursor.length() > CURSOR_LENGTH_MAX)) {
			throw Problem.invalid(isBackward ? "/ending_before" : "/starting_after", "A cursor is the id of an entry");
		}
	}

	/** The page that these query parameters ask for; a 422 if they break a rule. */
	public static PageRequest of(@Nullable Integer limit, @Nullable String startingAfter,
			@Nullable String endingBefore) {
		if (startingAfter != null && endingBefore != null) {
			throw Problem.invalid("/ending_before", "Give starting_after or ending_before, not both");
		}
		return new PageRequest((limit != null) ? limit : LIMIT_DEFAULT,
				(endingBefore != null) ? endingBefore : startingAfter, endingBefore != null);
	}

	/**
	 * The end of a statement whose {@code where} has begun: the cursor's condition on
	 * this column, the order, and the limit. One row more than the limit is read, to know
	 * whether there are more.
	 */
	public String tail(String idColumn) {
		String condition = (this.cursor == null) ? ""
				: " and " + idColumn + (this.isBackward ? " > " : " < ") + ":page_cursor";
		return condition + " order by " + idColumn + (this.isBackward ? " asc" : " desc") + " limit :page_rows";
	}

	/** Binds what {@link #tail} left open. */
	public GenericExecuteSpec bind(GenericExecuteSpec statement) {
		GenericExecuteSpec limited = statement.bind("page_rows", this.limit + 1);
		return (this.cursor == null) ? limited : limited.bind("page_cursor", this.cursor);
	}

	/** The page made of the rows that the statement found. */
	public <T> Mono<Page<T>> of(Flux<T> rows) {
		return rows.collectList().map(this::of);
	}

	/**
	 * The page of a list that is there as a whole, or as far as it is listed, newest
	 * first. A cursor that is not on it is refused: no other page would be right.
	 */
	public <T> Page<T> of(List<T> all, Function<? super T, String> id) {
		int size = all.size();
		int at = (this.cursor == null) ? -1 : all.stream().map(id).toList().indexOf(this.cursor);
		if (this.cursor != null && at < 0) {
			throw Problem.invalid(this.isBackward ? "/ending_before" : "/starting_after",
					"'" + this.cursor + "' is not in this list");
		}
		int from = this.isBackward ? Math.max(0, at - this.limit) : at + 1;
		int to = this.isBackward ? at : Math.min(size, from + this.limit);
		return new Page<>(all.subList(from, to), this.isBackward ? from > 0 : to < size);
	}

	private <T> Page<T> of(List<T> rows) {
		List<T> page = new ArrayList<>(rows.subList(0, Math.min(rows.size(), this.limit)));
		if (this.isBackward) {
			Collections.reverse(page);
		}
		return new Page<>(page, rows.size() > this.limit);
	}

}
