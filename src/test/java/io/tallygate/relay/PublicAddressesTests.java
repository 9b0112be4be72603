package io.tallygate.relay;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Set;

import io.netty.resolver.DefaultAddressResolverGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Which addresses a provider may have. */
class PublicAddressesTests {

	@ParameterizedTest
	@ValueSource(strings = { "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1",
			"172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192",
			"198.18.0.1", "198.19.255.255", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "::127.0.0.1",
			"::ffff:127.0.0.1", "::ffff:169.254.169.254", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1",
			"64:ff9b::169.254.169.254", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1" })
	void isRefused(String address) throws UnknownHostException {
		assertThat(PublicAddresses.isPublic(InetAddress.getByName(address))).isFalse();
	}

	@ParameterizedTest
	@ValueSource(strings = { "1.1.1.1", "8.8.8.8", "104.18.7.192", "172.15.0.1", "172.32.0.1", "192.169.0.1",
			"100.63.255.255", "100.128.0.1", "169.253.0.1", "2606:4700::6810:7c0", "64:ff9b::8.8.8.8",
			"2002:808:808::1" })
	void isPublic(String address) throws UnknownHostException {
		assertThat(PublicAddresses.isPublic(InetAddress.getByName(address))).isTrue();
	}

	@Test
	void anAddressWrittenAsNumbersIsCheckedToo() {
		PublicAddresses addresses = new PublicAddresses(DefaultAddressResolverGroup.INSTANCE, Set.of());

		Future<InetSocketAddress> resolved = addresses.getResolver(ImmediateEventExecutor.INSTANCE)
			.resolve(new InetSocketAddress("127.0.0.1", 80));

		assertThat(resolved.cause()).isInstanceOf(PublicAddresses.Refused.class);
	}

	@Test
	void aHostThatIsListedMayBeAnywhereOnItsPortOnly() {
		PublicAddresses addresses = new PublicAddresses(DefaultAddressResolverGroup.INSTANCE, Set.of("localhost:81"));

		assertThat(addresses.getResolver(ImmediateEventExecutor.INSTANCE)
			.resolve(InetSocketAddress.createUnresolved("LOCALHOST", 81))
			.isSuccess()).isTrue();
		assertThat(addresses.getResolver(ImmediateEventExecutor.INSTANCE)
			.resolve(InetSocketAddress.createUnresolved("localhost", 80))
			.cause()).isInstanceOf(PublicAddresses.Refused.class);
	}

}
