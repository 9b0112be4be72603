package io.tallygate.core;

import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** How lists are cut into pages. */
class PageRequestTests {

	@Test
	void tenEntriesUnlessAskedOtherwise() {
		assertThat(PageRequest.of(null, null, null).limit()).isEqualTo(10);
	}

	@Test
	void aLimitIsBetweenOneAndAHundred() {
		for (int limit : new int[] { -1, 0, 101 }) {
			assertThatExceptionOfType(Problem.class).isThrownBy(() -> PageRequest.of(limit, null, null))
				.matches((problem) -> problem.status() == 422)
				.matches((problem) -> problem.errors().get(0).pointer().equals("/limit"));
		}
	}

	@Test
	void aPageLiesAfterOrBeforeNotBoth() {
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> PageRequest.of(null, "a", "b"))
			.matches((problem) -> problem.status() == 422);
	}

	@Test
	void theRowBeyondTheLimitSaysThatThereAreMore() {
		PageRequest two = PageRequest.of(2, null, null);

		assertThat(two.of(Flux.just("c", "b", "a")).block()).isEqualTo(new Page<>(List.of("c", "b"), true));
		assertThat(two.of(Flux.just("c", "b")).block()).isEqualTo(new Page<>(List.of("c", "b"), false));
	}

	@Test
	void aPageBeforeACursorIsReadUpwardsAndShownDownwards() {
		PageRequest before = PageRequest.of(2, null, "a");

		assertThat(before.tail("id")).isEqualTo(" and id > :page_cursor order by id asc limit :page_rows");
		assertThat(before.of(Flux.just("b", "c", "d")).block()).isEqualTo(new Page<>(List.of("c", "b"), true));
	}

	@Test
	void aPageAfterACursorIsReadDownwards() {
		assertThat(PageRequest.of(2, "d", null).tail("id"))
			.isEqualTo(" and id < :page_cursor order by id desc limit :page_rows");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "none",
			value = { "2 | none | none | dc | true", "4 | none | none | dcba | false", "2 | d | none | cb | true",
					"2 | b | none | a | false", "2 | a | none | '' | false", "2 | none | a | cb | true",
					"2 | none | b | dc | false", "2 | none | d | '' | false" })
	void aPageIsCutOutOfAWholeList(int limit, String after, String before, String page, boolean hasMore) {
		assertThat(PageRequest.of(limit, after, before).of(List.of("d", "c", "b", "a"), (each) -> each))
			.isEqualTo(new Page<>(page.chars().mapToObj(Character::toString).toList(), hasMore));
	}

	@Test
	void aCursorThatIsNotInTheListIsRefused() {
		assertThatExceptionOfType(Problem.class)
			.isThrownBy(() -> PageRequest.of(2, "x", null).of(List.of("b", "a"), (each) -> each))
			.matches((problem) -> problem.status() == 422)
			.matches((problem) -> problem.errors().get(0).pointer().equals("/starting_after"));
	}

}
