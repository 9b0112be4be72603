package io.tallygate.agency;

import java.time.ZoneId;
import java.util.Locale;

import io.tallygate.core.Faults;
import org.jspecify.annotations.Nullable;

/**
 * What can be set of an agency.
 *
 * @param name 1 to 200 characters
 * @param status whether its clients are served
 * @param rebilling whether rebilling is in its plan
 * @param timeZone an IANA name
 */
record AgencyBody(@Nullable String name, @Nullable Status status, @Nullable Rebilling rebilling,
		@Nullable String timeZone) {

	private static final int NAME_LENGTH_MAX = 200;

	enum Status {

		ACTIVE, SUSPENDED

	}

	enum Rebilling {

		ENABLED, DISABLED

	}

	static AgencyBody of(Agency agency) {
		return new AgencyBody(agency.name(), Status.valueOf(agency.status().toUpperCase(Locale.ROOT)),
				Rebilling.valueOf(agency.rebilling().toUpperCase(Locale.ROOT)), agency.timeZone());
	}

	/** The same with defaults for what is absent; a 422 if a field breaks its rule. */
	AgencyBody checked() {
		Faults faults = new Faults();
		String checkedName = faults.text("/name", this.name, NAME_LENGTH_MAX);
		String zone = (this.timeZone != null) ? this.timeZone : "UTC";
		faults.unless(ZoneId.getAvailableZoneIds().contains(zone), "/time_zone",
				"time_zone must be an IANA name such as Europe/Berlin but was '" + zone + "'");
		faults.throwIfAny();
		return new AgencyBody(checkedName, (this.status != null) ? this.status : Status.ACTIVE,
				(this.rebilling != null) ? this.rebilling : Rebilling.ENABLED, zone);
	}

}
