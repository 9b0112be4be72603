package io.tallygate.relay;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class StalledClientTests {

	private static final Duration MAX = Duration.ofSeconds(30);

	private final EmbeddedChannel channel = new EmbeddedChannel(new ChannelDuplexHandler());

	StalledClientTests() {
		this.channel.freezeTime();
		StalledClient.watch(this.channel, MAX);
	}

	@AfterEach
	void close() {
		this.channel.finishAndReleaseAll();
	}

	@Test
	void whoTakesNothingIsHungUpOn() {
		fill();
		after(MAX.minusMillis(1));
		assertThat(this.channel.isOpen()).isTrue();

		after(Duration.ofMillis(1));

		assertThat(this.channel.isOpen()).isFalse();
	}

	@Test
	void whoHasTakenAllMayPauseForAsLongAsTheyLike() {
		fill();
		this.channel.flushOutbound();

		after(MAX.multipliedBy(3));

		assertThat(this.channel.isOpen()).isTrue();
	}

	@Test
	void whoFallsBehindAgainHasAllTheTimeAgain() {
		fill();
		after(MAX.minusMillis(1));
		this.channel.flushOutbound();
		fill();

		after(MAX.minusMillis(1));

		assertThat(this.channel.isOpen()).isTrue();
	}

	private void fill() {
		this.channel.write(Unpooled.wrappedBuffer(new byte[100_000]));
		this.channel.runPendingTasks();
		assertThat(this.channel.isWritable()).isFalse();
	}

	private void after(Duration time) {
		this.channel.advanceTimeBy(time.toMillis(), TimeUnit.MILLISECONDS);
		this.channel.runScheduledPendingTasks();
	}

}
