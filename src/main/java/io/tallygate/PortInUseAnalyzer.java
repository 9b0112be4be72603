package io.tallygate;

import java.util.LinkedHashMap;
import java.util.Map;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;

/** Says of a port that is taken what it is for and which setting moves it. */
@Order(Ordered.HIGHEST_PRECEDENCE)
class PortInUseAnalyzer extends AbstractFailureAnalyzer<PortInUseException> {

	private static final Map<String, String> USES = uses();

	private final Environment environment;

	PortInUseAnalyzer(Environment environment) {
		this.environment = environment;
	}

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, PortInUseException cause) {
		int port = cause.getPort();
		String setting = USES.keySet()
			.stream()
			.filter((name) -> Integer.valueOf(port).equals(this.environment.getProperty(name, Integer.class)))
			.findFirst()
			.orElse("server.port");
		return new FailureAnalysis("Port " + port + " is taken: " + USES.get(setting) + " cannot listen on it.",
				"Stop what holds it, perhaps another Tallygate (`lsof -i :" + port
						+ "` names it), or choose another port with " + Settings.environmentName(setting) + ".",
				cause);
	}

	private static Map<String, String> uses() {
		Map<String, String> uses = new LinkedHashMap<>();
		uses.put("server.port", "the gateway");
		uses.put("management.server.port", "health and metrics");
		uses.put("tallygate.sandbox.provider-port", "the sandbox's model provider");
		uses.put("tallygate.sandbox.stripe-port", "the sandbox's Stripe");
		return uses;
	}

}
