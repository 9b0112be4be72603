package io.tallygate.sandbox.provider;

import java.time.Duration;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * A model, and how it behaves. {@code fake-small} and {@code fake-large} just answer; the
 * name of another says what it does, as in {@code fake:t=700,d=0,x=7}:
 * <ul>
 * <li>{@code t}: tokens of output, else some dozens;</li>
 * <li>{@code d}: milliseconds before each chunk;</li>
 * <li>{@code e}: an error status instead of an answer;</li>
 * <li>{@code x}: chunks after which the connection is cut;</li>
 * <li>{@code nousage}: never reports usage;</li>
 * <li>{@code hang}: never answers.</li>
 * </ul>
 *
 * @param name as asked for, and as answered
 * @param tokens of output, null to leave it to the prompt
 * @param delay before each chunk, null for the provider's own
 * @param error status, null for none
 * @param chunksBeforeCut null to cut nothing
 */
record FakeModel(String name, @Nullable Integer tokens, @Nullable Duration delay, @Nullable Integer error,
		@Nullable Integer chunksBeforeCut, boolean isUsageHidden, boolean isHanging) {

	static final String SMALL = "fake-small";

	static final String LARGE = "fake-large";

	private static final String PREFIX = "fake:";

	/** Longer answers are not to be had. */
	private static final int TOKENS_MAX = 200_000;

	private static final int DELAY_MILLIS_MAX = 600_000;

	/** The model of this name, null if there is none. */
	static @Nullable FakeModel named(String name) {
		if (Set.of(SMALL, LARGE).contains(name)) {
			return new FakeModel(name, null, null, null, null, false, false);
		}
		return name.startsWith(PREFIX) ? parse(name) : null;
	}

	private static @Nullable FakeModel parse(String name) {
		FakeModel model = new FakeModel(name, null, null, null, null, false, false);
		for (String knob : name.substring(PREFIX.length()).split(",", -1)) {
			model = (model != null) ? model.turn(knob.strip()) : null;
		}
		return model;
	}

	private @Nullable FakeModel turn(String knob) {
		if (knob.equals("nousage")) {
			return new FakeModel(this.name, this.tokens, this.delay, this.error, this.chunksBeforeCut, true,
					this.isHanging);
		}
		if (knob.equals("hang")) {
			return new FakeModel(this.name, this.tokens, this.delay, this.error, this.chunksBeforeCut,
					this.isUsageHidden, true);
		}
		if (!knob.matches("[tdex]=\\d{1,6}")) {
			return null;
		}
		int value = Integer.parseInt(knob.substring(2));
		return switch (knob.charAt(0)) {
			case 't' -> new FakeModel(this.name, Math.min(value, TOKENS_MAX), this.delay, this.error,
					this.chunksBeforeCut, this.isUsageHidden, this.isHanging);
			case 'd' -> new FakeModel(this.name, this.tokens, Duration.ofMillis(Math.min(value, DELAY_MILLIS_MAX)),
					this.error, this.chunksBeforeCut, this.isUsageHidden, this.isHanging);
			case 'e' -> (value < 400 || value > 599) ? null : new FakeModel(this.name, this.tokens, this.delay, value,
					this.chunksBeforeCut, this.isUsageHidden, this.isHanging);
			default -> new FakeModel(this.name, this.tokens, this.delay, this.error, value, this.isUsageHidden,
					this.isHanging);
		};
	}

	/** Tokens that this model answers where nothing says how many. */
	int tokensByDefault(int chance) {
		return (this.name.equals(LARGE) ? 80 : 24) + Math.floorMod(chance, 24);
	}

}
