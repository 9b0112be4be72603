package io.tallygate.sandbox.provider;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32;

/**
 * Pleasant sentences, a word or a mark a token: the same for the same prompt, whatever
 * the machine or the day.
 */
final class Story {

	private static final List<String> SUBJECTS = List.of("The alpaca", "A gentle breeze", "The old lantern",
			"Our neighbor", "The quiet harbor", "A curious otter", "The baker", "Every garden");

	private static final List<String> VERBS = List.of("carries", "follows", "welcomes", "recalls", "paints", "gathers",
			"shares", "admires");

	private static final List<String> OBJECTS = List.of("the morning light", "a basket of pears", "seven small boats",
			"the scent of rain", "an honest map", "a song from home", "the warm kitchen", "a field of clover");

	private static final List<String> ENDINGS = List.of("with patience", "before noon", "across the valley",
			"for everyone", "again and again", "without hurry", "near the river", "by heart");

	private Story() {
	}

	/** A number that follows from the text alone. */
	static int seed(String prompt) {
		CRC32 crc = new CRC32();
		crc.update(prompt.getBytes(StandardCharsets.UTF_8));
		return (int) crc.getValue();
	}

	/** Exactly {@code count} tokens. */
	static List<String> tokens(int seed, int count) {
		SplittableRandom random = new SplittableRandom(seed);
		List<String> tokens = new ArrayList<>(count);
		while (tokens.size() < count) {
			String sentence = pick(SUBJECTS, random) + " " + pick(VERBS, random) + " " + pick(OBJECTS, random) + " "
					+ pick(ENDINGS, random) + ".";
			tokens.addAll(Tokens.split(tokens.isEmpty() ? sentence : " " + sentence));
		}
		return List.copyOf(tokens.subList(0, count));
	}

	private static String pick(List<String> words, SplittableRandom random) {
		return words.get(random.nextInt(words.size()));
	}

}
