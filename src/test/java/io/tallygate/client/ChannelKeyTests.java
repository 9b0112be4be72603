package io.tallygate.client;

import java.security.SecureRandom;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** The channel key's form, and what is kept of it. */
class ChannelKeyTests {

	private final SecureRandom random = new SecureRandom();

	@Test
	void thePrefixSaysWhetherRealMoneyIsMeant() {
		assertThat(ChannelKey.generate(true, this.random).secret().reveal()).startsWith("tg_live_");
		assertThat(ChannelKey.generate(false, this.random).secret().reveal()).startsWith("tg_test_");
	}

	@Test
	void aKeyIsReadBackAsItWasMade() {
		for (boolean live : new boolean[] { true, false }) {
			ChannelKey key = ChannelKey.generate(live, this.random);

			assertThat(ChannelKey.parse(key.secret().reveal())).contains(key);
		}
	}

	@Test
	void aTypingErrorAtAnyPlaceIsNoKey() {
		String key = ChannelKey.generate(true, this.random).secret().reveal();

		for (int i = 0; i < key.length(); i++) {
			char other = (key.charAt(i) == 'x') ? 'y' : 'x';
			assertThat(ChannelKey.parse(key.substring(0, i) + other + key.substring(i + 1))).as("place %s", i)
				.isEmpty();
		}
	}

	@Test
	void memoryAndDatabaseKnowAKeyByTheSameHash() {
		ChannelKey key = ChannelKey.generate(false, this.random);

		assertThat(KeyHash.of(key.secret().reveal()).bytes()).isEqualTo(key.sha256());
	}

	@Test
	void aKeyPrintsAsDots() {
		ChannelKey key = ChannelKey.generate(false, this.random);

		assertThat(key.toString()).doesNotContain(key.secret().reveal());
	}

}
