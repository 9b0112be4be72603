package io.tallygate.relay;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.netty.buffer.Unpooled;
import io.tallygate.provider.AnswerTap;
import io.tallygate.provider.Usage;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

class EstimatesTests {

	@Test
	void whereNobodyHasTimeToCountTokensBytesAreCounted() {
		String answer = "{\"choices\":[{\"message\":{\"content\":\"" + "x".repeat(4000) + "\"}}]}";
		AnswerTap tap = AnswerTap.of(false, null, false, true);
		tap.next(Unpooled.copiedBuffer(answer, StandardCharsets.UTF_8)).release();
		tap.complete().release();
		Estimates busy = new Estimates(Schedulers.fromExecutor((task) -> {
			// Nobody ever comes to it.
		}));

		Usage usage = busy.count("gpt-4o", new byte[800], 800, tap.reading().text()).block(Duration.ofSeconds(10));

		assertThat(usage).isEqualTo(Usage.of(200, 1000));
		tap.close();
	}

}
