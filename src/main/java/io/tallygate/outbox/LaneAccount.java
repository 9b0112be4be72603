package io.tallygate.outbox;

import java.util.List;

import io.tallygate.client.Report;
import io.tallygate.core.ClientId;

/**
 * What a client's epoch owes to a lane.
 *
 * @param client who is billed
 * @param epoch the client's epoch
 * @param report what a meter event's value is in that epoch
 * @param cut units of the account that stand in meter events
 * @param buckets those with units due
 */
record LaneAccount(ClientId client, int epoch, Report report, long cut, List<Bucket> buckets) {

	LaneAccount {
		buckets = List.copyOf(buckets);
	}

}
