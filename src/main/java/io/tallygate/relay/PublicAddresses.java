package io.tallygate.relay;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

/**
 * Resolves provider hosts and lets only public addresses through. It is the resolved
 * address that is checked, at each connect, and the checked one that is connected to: a
 * name that points at this machine, its network or a cloud's metadata service gets
 * nowhere, whatever it pointed at before.
 */
final class PublicAddresses extends AddressResolverGroup<InetSocketAddress> {

	private final AddressResolverGroup<InetSocketAddress> names;

	private final Set<String> allowed;

	/**
	 * Lets through public addresses and the hosts listed.
	 * @param names turns names into addresses without blocking
	 * @param allowed {@code host:port} of those that may be anywhere
	 */
	PublicAddresses(AddressResolverGroup<InetSocketAddress> names, Set<String> allowed) {
		this.names = names;
		this.allowed = Set.copyOf(allowed);
	}

	@Override
	protected AddressResolver<InetSocketAddress> newResolver(EventExecutor executor) {
		return new Checked(executor, this.names.getResolver(executor));
	}

	@Override
	public void close() {
		super.close();
		this.names.close();
	}

	/** Whether nobody but the public internet is behind {@code address}. */
	static boolean isPublic(InetAddress address) {
		if (address.isLoopbackAddress() || address.isAnyLocalAddress() || address.isLinkLocalAddress()
				|| address.isSiteLocalAddress() || address.isMulticastAddress()) {
			return false;
		}
		byte[] b = address.getAddress();
		return (address instanceof Inet4Address) ? isPublicV4(b) : isPublicV6(b);
	}

	private static boolean isPublicV4(byte[] b) {
		int first = b[0] & 0xff;
		int second = b[1] & 0xff;
		boolean thisNetwork = first == 0;
		boolean carrierNat = first == 100 && (second & 0xc0) == 64;
		boolean protocols = first == 192 && second == 0 && b[2] == 0;
		boolean benchmarks = first == 198 && (second & 0xfe) == 18;
		boolean reserved = first >= 240;
		return !(thisNetwork || carrierNat || protocols || benchmarks || reserved);
	}

	private static boolean isPublicV6(byte[] b) {
		boolean uniqueLocal = (b[0] & 0xfe) == 0xfc;
		boolean teredo = b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0;
		if (uniqueLocal || teredo) {
			return false;
		}
		if (b[0] == 0x20 && b[1] == 0x02) {
			return isPublicEmbedded(b, 2);
		}
		boolean nat64 = b[0] == 0 && b[1] == 0x64 && (b[2] & 0xff) == 0xff && (b[3] & 0xff) == 0x9b;
		boolean compatible = allZero(b, 0, 12);
		return !(nat64 || compatible) || isPublicEmbedded(b, 12);
	}

	private static boolean isPublicEmbedded(byte[] b, int from) {
		try {
			return isPublic(InetAddress.getByAddress(Arrays.copyOfRange(b, from, from + 4)));
		}
		catch (UnknownHostException ex) {
			throw new IllegalStateException("Four bytes are an address", ex);
		}
	}

	private static boolean allZero(byte[] b, int from, int to) {
		for (int i = from; i < to; i++) {
			if (b[i] != 0) {
				return false;
			}
		}
		return true;
	}

	/** A host resolves to nothing that may be connected to. */
	static final class Refused extends UnknownHostException {

		private static final long serialVersionUID = 1L;

		Refused(String host) {
			super("'" + host + "' resolves to a private address only");
		}

	}

	/** One event loop's resolver. */
	private final class Checked implements AddressResolver<InetSocketAddress> {

		private final EventExecutor executor;

		private final AddressResolver<InetSocketAddress> names;

		Checked(EventExecutor executor, AddressResolver<InetSocketAddress> names) {
			this.executor = executor;
			this.names = names;
		}

		@Override
		public boolean isSupported(SocketAddress address) {
			return this.names.isSupported(address);
		}

		/** Never: an address written as numbers is checked too. */
		@Override
		public boolean isResolved(SocketAddress address) {
			return false;
		}

		@Override
		public Future<InetSocketAddress> resolve(SocketAddress address) {
			return resolve(address, this.executor.newPromise());
		}

		@Override
		public Future<InetSocketAddress> resolve(SocketAddress address, Promise<InetSocketAddress> promise) {
			resolveAll(address).addListener((Future<List<InetSocketAddress>> all) -> {
				if (all.isSuccess()) {
					promise.trySuccess(all.getNow().get(0));
				}
				else {
					promise.tryFailure(all.cause());
				}
			});
			return promise;
		}

		@Override
		public Future<List<InetSocketAddress>> resolveAll(SocketAddress address) {
			return resolveAll(address, this.executor.newPromise());
		}

		@Override
		public Future<List<InetSocketAddress>> resolveAll(SocketAddress address,
				Promise<List<InetSocketAddress>> promise) {
			this.names.resolveAll(address).addListener((Future<List<InetSocketAddress>> all) -> {
				if (!all.isSuccess()) {
					promise.tryFailure(all.cause());
					return;
				}
				List<InetSocketAddress> passed = passed((InetSocketAddress) address, all.getNow());
				if (passed.isEmpty()) {
					promise.tryFailure(new Refused(((InetSocketAddress) address).getHostString()));
				}
				else {
					promise.trySuccess(passed);
				}
			});
			return promise;
		}

		private List<InetSocketAddress> passed(InetSocketAddress asked, List<InetSocketAddress> found) {
			String host = asked.getHostString().toLowerCase(Locale.ROOT) + ":" + asked.getPort();
			if (PublicAddresses.this.allowed.contains(host)) {
				return found;
			}
			return found.stream().filter((address) -> isPublic(address.getAddress())).toList();
		}

		@Override
		public void close() {
			this.names.close();
		}

	}

}
