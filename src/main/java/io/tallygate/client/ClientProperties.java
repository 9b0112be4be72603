package io.tallygate.client;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How channel keys are held in memory.
 *
 * @param keysMax keys held; more means fewer look-ups and about a kilobyte each
 * @param unknownKeysMax keys remembered as nobody's
 * @param unknownKeyTime how long a key stays nobody's without being looked up again
 * @param loadsMax look-ups at once; more are refused
 * @param loadTimeout longest wait for one look-up
 * @param staleMax how long a key of a changed agency is served as it was before, while
 * the change cannot be read
 * @param pollInterval pause between two readings of what changed; a revocation holds
 * everywhere within this and a load, whatever Redis does
 */
@ConfigurationProperties("tallygate.client")
record ClientProperties(@DefaultValue("100000") int keysMax, @DefaultValue("10000") int unknownKeysMax,
		@DefaultValue("2s") Duration unknownKeyTime, @DefaultValue("1000") int loadsMax,
		@DefaultValue("2s") Duration loadTimeout, @DefaultValue("10m") Duration staleMax,
		@DefaultValue("1s") Duration pollInterval) {
}
