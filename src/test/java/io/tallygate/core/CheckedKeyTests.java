package io.tallygate.core;

import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Set;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** The form of keys and tokens. */
class CheckedKeyTests {

	private final SecureRandom random = new SecureRandom();

	@Test
	void aNewKeyIsWellFormed() {
		String key = CheckedKey.generate("tg_test_", this.random).reveal();

		assertThat(key).matches("tg_test_[0-9A-Za-z]{36}");
		assertThat(CheckedKey.isWellFormed("tg_test_", key)).isTrue();
		assertThat(CheckedKey.isWellFormed("tg_live_", key)).isFalse();
	}

	@Test
	void aTypingErrorAtAnyPlaceIsRefused() {
		String key = CheckedKey.generate("tga_", this.random).reveal();

		for (int i = 0; i < key.length(); i++) {
			char other = (key.charAt(i) == 'x') ? 'y' : 'x';
			String typo = key.substring(0, i) + other + key.substring(i + 1);
			assertThat(CheckedKey.isWellFormed("tga_", typo)).as("place %s", i).isFalse();
		}
	}

	@Test
	void whatIsNoKeyIsRefusedWithoutAnException() {
		for (String text : new String[] { "", "tga_", "tga_" + "0".repeat(35), "tga_" + "0".repeat(37),
				"tga_" + "é".repeat(36), "tga_" + "\0".repeat(36), "x".repeat(10_000) }) {
			assertThat(CheckedKey.isWellFormed("tga_", text)).isFalse();
		}
	}

	@Test
	void noTwoKeysAreEqual() {
		Set<String> keys = new HashSet<>();

		for (int i = 0; i < 10_000; i++) {
			keys.add(CheckedKey.generate("tga_", this.random).reveal());
		}

		assertThat(keys).hasSize(10_000);
	}

}
