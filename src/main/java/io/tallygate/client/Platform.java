package io.tallygate.client;

import java.util.Locale;

/** How a channel comes in. */
enum Platform {

	/** With an SDK of the imitated API. */
	API,
	/** From a GoHighLevel sub-account; not built yet. */
	GOHIGHLEVEL;

	String text() {
		return name().toLowerCase(Locale.ROOT);
	}

}
