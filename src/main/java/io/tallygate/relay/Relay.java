package io.tallygate.relay;

import java.time.InstantSource;

import io.tallygate.metering.Meter;

/**
 * What every exchange works with.
 *
 * @param properties the bounds
 * @param clock of the open marks
 * @param meter opens and closes
 * @param upstreams the ways to the providers
 * @param estimates counts where no provider does
 * @param buffered bounds all that is held of bodies
 * @param exchanges all that are under way
 * @param metrics what is counted about them
 * @param traces who is told of each
 */
record Relay(RelayProperties properties, InstantSource clock, Meter meter, Upstreams upstreams, Estimates estimates,
		BufferedBytes buffered, Exchanges exchanges, RelayMetrics metrics, GenAiTraces traces) {
}
