package io.tallygate.provider;

import java.util.Locale;

/** Whose API an agency's provider speaks. */
public enum ProviderKind {

	OPENAI, ANTHROPIC, GEMINI, OPENAI_COMPATIBLE, AZURE_OPENAI;

	/** The name in JSON and in the database: lower case. */
	public String text() {
		return name().toLowerCase(Locale.ROOT);
	}

}
