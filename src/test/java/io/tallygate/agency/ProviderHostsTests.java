package io.tallygate.agency;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

import io.tallygate.core.Problem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Where a provider may be. */
class ProviderHostsTests {

	private final ProviderHosts strict = hosts(false, "127.0.0.1:9090");

	@ParameterizedTest
	@ValueSource(strings = { "https://127.0.0.1/v1", "https://0.0.0.0/v1", "https://10.1.2.3/v1",
			"https://172.16.0.1/v1", "https://192.168.1.1/v1", "https://169.254.169.254/latest",
			"https://100.64.0.1/v1", "https://[::1]/v1", "https://[::ffff:169.254.169.254]/v1",
			"https://[fd00:ec2::254]/v1", "https://[fe80::1]/v1", "https://2130706433/v1", "https://localhost/v1" })
	void anAddressInsideIsRefused(String url) {
		assertThatExceptionOfType(Problem.class)
			.isThrownBy(() -> this.strict.check(this.strict.parse(url)).block(Duration.ofSeconds(10)))
			.withMessageContaining("loopback, private, link-local or metadata")
			.matches((problem) -> problem.status() == 422);
	}

	@ParameterizedTest
	@ValueSource(strings = { "http://api.openai.com/v1", "ftp://api.openai.com/v1",
			"https://user:key@api.openai.com/v1", "https://api.openai.com/v1?x=1", "https://api.openai.com/v1#x",
			"https:///v1", "https://api.openai.com/../v1", "not a url", "" })
	void whatIsNoPlainHttpsUrlIsRefused(String url) {
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> this.strict.parse(url))
			.withMessageContaining("base_url")
			.matches((problem) -> problem.errors().get(0).pointer().equals("/base_url"));
	}

	@Test
	void aPairThatIsAllowedIsAllowedOverPlainHttp() {
		assertThatCode(() -> this.strict.check(this.strict.parse("http://127.0.0.1:9090/v1")).block())
			.doesNotThrowAnyException();
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> this.strict.parse("http://127.0.0.1:9091/v1"));
	}

	@Test
	void privateHostsCanBeAllowed() {
		ProviderHosts open = hosts(true);

		assertThatCode(() -> open.check(open.parse("http://localhost:1234/v1")).block()).doesNotThrowAnyException();
	}

	@Test
	void slashesAtTheEndGo() {
		assertThat(this.strict.parse("https://api.openai.com/v1//").toString()).isEqualTo("https://api.openai.com/v1");
	}

	@Test
	void aPublicAddressIsNotInside() throws Exception {
		assertThat(ProviderHosts.isInside(InetAddress.getByName("104.18.7.192"))).isFalse();
		assertThat(ProviderHosts.isInside(InetAddress.getByName("2606:4700::6812:7c0"))).isFalse();
	}

	private static ProviderHosts hosts(boolean privateAllowed, String... allowed) {
		return new ProviderHosts(new AgencyProperties(null, Duration.ofSeconds(2), Duration.ofSeconds(60),
				privateAllowed, List.of(allowed)));
	}

}
