package io.tallygate.relay;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Where the channel key is taken from. */
class CallersTests {

	@Test
	void bearerComesBeforeAllOtherHeaders() {
		assertThat(Callers.key(new DefaultHttpHeaders().add("x-goog-api-key", "d")
			.add("api-key", "c")
			.add("x-api-key", "b")
			.add("authorization", "bearer  a "))).isEqualTo("a");
	}

	@Test
	void theOthersComeInTheirOrder() {
		assertThat(Callers.key(new DefaultHttpHeaders().add("x-goog-api-key", "d").add("api-key", "c"))).isEqualTo("c");
		assertThat(Callers.key(new DefaultHttpHeaders().add("x-goog-api-key", "d"))).isEqualTo("d");
		assertThat(Callers.key(new DefaultHttpHeaders().add("authorization", "Bearer ").add("x-api-key", "b")))
			.isEqualTo("b");
	}

	@Test
	void anotherSchemeIsNoKey() {
		assertThat(Callers.key(new DefaultHttpHeaders().add("authorization", "Basic abc"))).isNull();
		assertThat(Callers.key(new DefaultHttpHeaders())).isNull();
	}

}
