package io.tallygate.sandbox;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What a person reads when the sandbox is up.
 *
 * @param publicUrl where the gateway is
 * @param portal whether it has the portal
 * @param platformToken the sandbox's
 * @param demo the demo's keys; {@code null} without a demo
 * @param dataDirectory where everything is kept
 */
record Welcome(String publicUrl, boolean portal, String platformToken, @Nullable DemoKeys demo, String dataDirectory) {

	/**
	 * What opens the demo.
	 *
	 * @param agency the demo agency's name
	 * @param adminToken its admin token
	 * @param client the name of one of its clients
	 * @param channelKey that client's key
	 * @param model a model that the key may ask for
	 */
	record DemoKeys(String agency, String adminToken, String client, String channelKey, String model) {
	}

	/** The block, line by line; each command is a single line, to be pasted as it is. */
	List<String> lines() {
		List<String> lines = new ArrayList<>();
		lines.add("");
		lines.add("  Tallygate is up. This is the sandbox: nothing here costs or bills anybody.");
		lines.add("");
		if (this.portal) {
			lines.add("    Portal          " + this.publicUrl + "/portal");
		}
		lines.add("    Admin API       " + this.publicUrl + "/admin/v1");
		lines.add("    Platform token  " + this.platformToken);
		if (this.demo != null) {
			addDemo(this.demo, lines);
		}
		lines.add("");
		lines.add("  Every metered request shows below. Ctrl-C stops; " + this.dataDirectory + " keeps everything.");
		lines.add("");
		return lines;
	}

	private void addDemo(DemoKeys keys, List<String> lines) {
		lines.add("    Agency          " + keys.agency());
		lines.add("      admin token   " + keys.adminToken());
		lines.add("      channel key   " + keys.channelKey() + "  (" + keys.client() + ")");
		lines.add("");
		lines.add("  Chat, then read what it cost:");
		lines.add("");
		lines.add("curl -s " + this.publicUrl + "/v1/chat/completions -H 'Authorization: Bearer " + keys.channelKey()
				+ "' -H 'Content-Type: application/json' -d '{\"model\":\"" + keys.model()
				+ "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'; echo");
		lines.add("");
		lines.add("curl -s '" + this.publicUrl + "/admin/v1/ledger?limit=3' -H 'Authorization: Bearer "
				+ keys.adminToken() + "'; echo");
	}

}
