package io.tallygate.core;

import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What is suggested for a misspelt name. */
class SuggestionTests {

	private final List<String> known = List.of("billing_unit", "charge_by", "nickname");

	@Test
	void theNearestNameIsSuggested() {
		assertThat(Suggestion.of("billing_units", this.known)).isEqualTo("; did you mean 'billing_unit'?");
		assertThat(Suggestion.of("nikname", this.known)).isEqualTo("; did you mean 'nickname'?");
	}

	@Test
	void nothingIsSuggestedForWhatIsNearToNothing() {
		assertThat(Suggestion.of("favourite_colour", this.known)).isEmpty();
	}

}
