package io.tallygate.metering;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;

/** Rows turned into one array a column, so that a batch is one statement. */
final class Columns<T> {

	private final Collection<T> rows;

	private DatabaseClient.GenericExecuteSpec statement;

	Columns(DatabaseClient.GenericExecuteSpec statement, Collection<T> rows) {
		this.statement = statement;
		this.rows = rows;
	}

	Columns<T> text(String name, Function<T, @Nullable String> column) {
		return bind(name, this.rows.stream().map(column).toArray(String[]::new));
	}

	Columns<T> bigint(String name, Function<T, @Nullable Long> column) {
		return bind(name, this.rows.stream().map(column).toArray(Long[]::new));
	}

	Columns<T> integer(String name, Function<T, Integer> column) {
		return bind(name, this.rows.stream().map(column).toArray(Integer[]::new));
	}

	Columns<T> bool(String name, Function<T, Boolean> column) {
		return bind(name, this.rows.stream().map(column).toArray(Boolean[]::new));
	}

	Columns<T> time(String name, Function<T, Instant> column) {
		return bind(name,
				this.rows.stream()
					.map((row) -> column.apply(row).atOffset(ZoneOffset.UTC))
					.toArray(OffsetDateTime[]::new));
	}

	Mono<Void> run() {
		return this.statement.then();
	}

	private Columns<T> bind(String name, Object array) {
		this.statement = this.statement.bind(name, array);
		return this;
	}

}
