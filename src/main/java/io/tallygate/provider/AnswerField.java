package io.tallygate.provider;

import java.util.Arrays;
import java.util.Locale;

/** The fields of an answer that mean something to us; each is named as in JSON. */
enum AnswerField {

	ARGUMENTS, AUDIO, CHOICES, CONTENT, DELTA, ERROR, FUNCTION_CALL, ID, IMAGES, MESSAGE, NAME, REASONING,
	REASONING_CONTENT, REASONING_DETAILS, REFUSAL, TEXT, THINKING, TOOL_CALLS, USAGE, X_GROQ,
	/** Any other field, and what stands in an array. */
	OTHER;

	/** No field that we know has a longer name. */
	static final int LENGTH_MAX = 17;

	private static final AnswerField[][] BY_LENGTH = new AnswerField[LENGTH_MAX + 1][];

	static {
		for (int length = 0; length <= LENGTH_MAX; length++) {
			int wanted = length;
			BY_LENGTH[length] = Arrays.stream(values())
				.filter((field) -> field != OTHER && field.text.length() == wanted)
				.toArray(AnswerField[]::new);
		}
	}

	private final String text = name().toLowerCase(Locale.ROOT);

	/** The field with this name. */
	static AnswerField named(byte[] name, int length) {
		if (length <= LENGTH_MAX) {
			for (AnswerField field : BY_LENGTH[length]) {
				if (field.is(name)) {
					return field;
				}
			}
		}
		return OTHER;
	}

	private boolean is(byte[] name) {
		for (int i = 0; i < this.text.length(); i++) {
			if (name[i] != this.text.charAt(i)) {
				return false;
			}
		}
		return true;
	}

}
