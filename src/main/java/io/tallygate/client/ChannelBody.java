package io.tallygate.client;

import io.tallygate.core.ChannelId;
import io.tallygate.core.Faults;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;

/**
 * What is said of a channel: a new one's name, or which existing one is meant.
 *
 * @param name the agency's word for a new one
 * @param platform how it comes in
 * @param ghlLocationId not built yet
 * @param channelId an existing channel that nobody has
 */
record ChannelBody(@Nullable String name, @Nullable Platform platform, @Nullable String ghlLocationId,
		@Nullable String channelId) {

	/**
	 * The existing channel that is meant, {@code null} for a new one; a 422 if it breaks
	 * a rule.
	 */
	@Nullable ChannelId checkedExisting() {
		refuseUnbuilt();
		if (this.channelId == null) {
			return null;
		}
		if (this.name != null) {
			throw Problem.invalid("/name",
					"Give channel_id or name, not both: an existing channel is renamed with PATCH /channels/{id}");
		}
		return ClientOpening.channelId(this.channelId);
	}

	/** The name of the new channel; a 422 if it breaks a rule. */
	String checkedName() {
		refuseUnbuilt();
		Faults faults = new Faults();
		String checked = faults.text("/name", this.name, ClientBody.TEXT_LENGTH_MAX);
		faults.unless(this.channelId == null, "/channel_id", "A new channel has no channel_id yet");
		faults.throwIfAny();
		return checked;
	}

	private void refuseUnbuilt() {
		if (this.platform == Platform.GOHIGHLEVEL) {
			throw Problem.notSupportedYet("/platform");
		}
		if (this.ghlLocationId != null) {
			throw Problem.notSupportedYet("/ghl_location_id");
		}
	}

}
