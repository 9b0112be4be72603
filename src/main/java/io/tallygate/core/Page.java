package io.tallygate.core;

import java.util.List;
import java.util.function.Function;

/**
 * One page of a list, newest first, in the shape that users of Stripe's API know.
 *
 * @param <T> what is listed
 * @param object always "list"
 * @param data at most as many as were asked for
 * @param hasMore whether there are more beyond, in the direction that was asked for
 */
public record Page<T>(String object, List<T> data, boolean hasMore) {

	public Page {
		data = List.copyOf(data);
	}

	public Page(List<T> data, boolean hasMore) {
		this("list", data, hasMore);
	}

	/** The same page of something else. */
	public <R> Page<R> map(Function<? super T, ? extends R> mapper) {
		return new Page<>(this.data.stream().<R>map(mapper).toList(), this.hasMore);
	}

}
