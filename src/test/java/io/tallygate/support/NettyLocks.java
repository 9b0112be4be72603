package io.tallygate.support;

import reactor.blockhound.BlockHound;
import reactor.blockhound.integration.BlockHoundIntegration;

/**
 * Excuses a lock that Netty's allocator of buffers takes for moments, when it makes more
 * pools because threads meet at one: it would be an error in the middle of a write, and
 * cut off an answer. Netty excuses the locks of its older allocator itself. BlockHound
 * finds this class by its service's name.
 */
public final class NettyLocks implements BlockHoundIntegration {

	@Override
	public void applyTo(BlockHound.Builder builder) {
		builder.allowBlockingCallsInside("io.netty.buffer.AdaptivePoolingAllocator$MagazineGroup",
				"tryExpandMagazines");
	}

}
