package io.tallygate.support;

import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.tallygate.fault.Matrix;

import static org.assertj.core.api.Assertions.assertThat;

/** Leaks have teeth: where these fail, no test would for a leak. */
class LeakWitnessTests {

	@AfterEach
	void forget() {
		LeakWitness.look();
	}

	@Test
	@Matrix(79)
	void aBufferThatNobodyReleasesIsFoundWithTheOneWhoHadItLast() {
		LeakWitness.look();
		ByteBufAllocator.DEFAULT.buffer(16).writeByte(1);

		List<String> found = LeakWitness.look();

		assertThat(LeakWitness.isThere())
			.as("pom.xml starts tests with io.netty.customResourceLeakDetector and the level paranoid")
			.isTrue();
		assertThat(found).singleElement().asString().contains("ByteBuf", getClass().getSimpleName());
		assertThat(LeakWitness.look()).isEmpty();
	}

	@Test
	void aBufferThatIsReleasedOrStillHeldIsNone() {
		LeakWitness.look();
		ByteBufAllocator.DEFAULT.buffer(16).release();
		ByteBuf held = ByteBufAllocator.DEFAULT.buffer(16);

		List<String> found = LeakWitness.look();

		assertThat(found).isEmpty();
		held.release();
	}

}
