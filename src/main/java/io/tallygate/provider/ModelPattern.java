package io.tallygate.provider;

/**
 * Which models are meant: a name, or a beginning with {@code *} after it ("gpt-*"), or
 * {@code *} alone.
 *
 * @param text as the agency wrote it
 */
public record ModelPattern(String text) {

	public ModelPattern {
		int star = text.indexOf('*');
		if (text.isBlank() || (star >= 0 && star != text.length() - 1)) {
			throw new IllegalArgumentException(
					"A model pattern is a model's name, or its beginning and a '*' at the end, but was '" + text + "'");
		}
	}

	/**
	 * Whether {@code model} is meant. Names are compared as they are: case and spaces
	 * count.
	 */
	public boolean matches(String model) {
		return text.endsWith("*") ? model.startsWith(literal()) : model.equals(text);
	}

	/**
	 * The part that is written out; the longer it is, the more exactly the pattern fits.
	 */
	public String literal() {
		return text.endsWith("*") ? text.substring(0, text.length() - 1) : text;
	}

}
