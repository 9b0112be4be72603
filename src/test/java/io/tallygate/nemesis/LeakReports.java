package io.tallygate.nemesis;

import java.util.ArrayList;
import java.util.List;

import io.tallygate.support.LeakWitness;

/** Netty's reports of leaks among the lines of a log. */
final class LeakReports {

	private static final String BEGINS = "LEAK: ";

	private final List<String> found = new ArrayList<>();

	private String first = "";

	private boolean isTheDrivers;

	/** The next line. */
	void read(String line) {
		if (line.contains(BEGINS)) {
			end();
			this.first = line;
			this.isTheDrivers = LeakWitness.isTheDrivers(line);
		}
		else if (!this.first.isEmpty()) {
			if (line.startsWith("\t") || line.startsWith("#") || line.startsWith("Recent access")
					|| line.startsWith("Created at") || line.startsWith(": ")) {
				this.isTheDrivers |= LeakWitness.isTheDrivers(line);
			}
			else {
				end();
			}
		}
	}

	private void end() {
		if (!this.first.isEmpty() && !this.isTheDrivers) {
			this.found.add(this.first);
		}
		this.first = "";
	}

	/**
	 * The first lines of those that were read, but for rows that the driver left behind.
	 */
	List<String> found() {
		end();
		return this.found;
	}

}
