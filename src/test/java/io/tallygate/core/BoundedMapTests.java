package io.tallygate.core;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What is remembered, and what is let go. */
class BoundedMapTests {

	private final BoundedMap<String, Integer> map = new BoundedMap<>(2);

	@Test
	void theOldestGoesFirst() {
		this.map.put("a", 1);
		this.map.put("b", 2);
		this.map.put("a", 3);
		this.map.put("c", 4);

		assertThat(this.map.get("a")).isNull();
		assertThat(this.map.values()).containsExactlyInAnyOrder(2, 4);
	}

	@Test
	void whatWasRemovedMakesRoom() {
		this.map.put("a", 1);
		this.map.put("b", 2);
		this.map.remove("a");
		this.map.put("c", 3);

		assertThat(this.map.values()).containsExactlyInAnyOrder(2, 3);
	}

}
