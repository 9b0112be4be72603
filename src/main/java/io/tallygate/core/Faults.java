package io.tallygate.core;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The fields of one request that break a rule, collected so that the person who wrote it
 * sees all of them at once.
 */
public final class Faults {

	private final List<Problem.Field> fields = new ArrayList<>();

	/** Notes that the field at {@code pointer} breaks a rule. */
	public void add(String pointer, String message) {
		this.fields.add(new Problem.Field(pointer, message));
	}

	/** Notes a fault unless the rule holds. */
	public void unless(boolean holds, String pointer, String message) {
		if (!holds) {
			add(pointer, message);
		}
	}

	/**
	 * A text that must be there, with 1 to {@code lengthMax} characters, none of them a
	 * control character.
	 * @return the text without spaces around it, empty if it is at fault
	 */
	public String text(String pointer, @Nullable String value, int lengthMax) {
		if (value == null) {
			add(pointer, pointer.substring(1) + " is required");
			return "";
		}
		String text = value.strip();
		boolean holds = !text.isEmpty() && text.length() <= lengthMax
				&& text.chars().noneMatch(Character::isISOControl);
		unless(holds, pointer,
				pointer.substring(1) + " must have 1 to " + lengthMax + " characters and no control characters");
		return holds ? text : "";
	}

	/** The same, of a text that may be absent. */
	public @Nullable String optionalText(String pointer, @Nullable String value, int lengthMax) {
		return (value == null) ? null : text(pointer, value, lengthMax);
	}

	/** Goes on only without a fault; otherwise a 422 that names them all. */
	public void throwIfAny() {
		if (!this.fields.isEmpty()) {
			String detail = String.join("; ", this.fields.stream().map(Problem.Field::message).toList());
			throw new Problem(422, "invalid_request", detail, this.fields);
		}
	}

}
