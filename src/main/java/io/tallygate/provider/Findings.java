package io.tallygate.provider;

import org.jspecify.annotations.Nullable;

/**
 * What has been found in an answer so far. Of several usage reports the last one counts,
 * whole: providers repeat the running count, they do not add to it.
 */
final class Findings {

	private final @Nullable KeptText text;

	private @Nullable Usage usage;

	private @Nullable Usage choiceUsage;

	private boolean contentSeen;

	private boolean errorSeen;

	private boolean endSeen;

	private @Nullable String id;

	Findings(boolean keepsText) {
		this.text = keepsText ? new KeptText() : null;
	}

	/** A scanner for this answer, which adds to its text. */
	AnswerScanner scanner() {
		return new AnswerScanner(this.text);
	}

	void usage(@Nullable Usage reported, @Nullable Usage ofChoice) {
		this.usage = (reported != null) ? reported : this.usage;
		this.choiceUsage = (ofChoice != null) ? ofChoice : this.choiceUsage;
	}

	void content(boolean seen) {
		this.contentSeen = this.contentSeen || seen;
	}

	void error(boolean seen) {
		this.errorSeen = this.errorSeen || seen;
	}

	void id(@Nullable String found) {
		this.id = (this.id != null) ? this.id : found;
	}

	void end() {
		this.endSeen = true;
	}

	Reading reading() {
		Usage reported = (this.usage != null) ? this.usage : this.choiceUsage;
		return new Reading(reported, this.contentSeen, this.errorSeen, this.endSeen, this.id, this.text);
	}

}
