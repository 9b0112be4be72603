package io.tallygate.sandbox;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Makes the demo, by the same API that anyone calls:
 * <ol>
 * <li>the agency, and a token for it;</li>
 * <li>its Stripe connection and its provider;</li>
 * <li>its clients, each with a channel key;</li>
 * <li>a little traffic.</li>
 * </ol>
 * What is done is written down after each step. A run that was killed in between goes on
 * where it stood, and looks up by name what it may have made without hearing the answer.
 */
class DemoSeed {

	private static final String ADMIN = "/admin/v1";

	private static final int NEW_KEY_ATTEMPTS = 20;

	private final GatewayApi api;

	private final KeptProperties progress;

	private final DemoStory story;

	private final String platformToken;

	DemoSeed(GatewayApi api, KeptProperties progress, DemoStory story, String platformToken) {
		this.api = api;
		this.progress = progress;
		this.story = story;
		this.platformToken = platformToken;
	}

	/**
	 * Makes what is not there yet.
	 * @param named told each client's id and name
	 * @return the keys to the demo
	 */
	Welcome.DemoKeys seed(Named named) throws IOException, InterruptedException {
		forgetAnotherDatabase();
		String token = adminToken(agency());
		once("stripe", () -> this.api.put(ADMIN + "/stripe_connection", token, this.story.stripeConnection()));
		once("provider", () -> provider(token));
		for (DemoStory.Client client : this.story.clients()) {
			named.client(client(token, client), client.nickname());
		}
		for (DemoStory.Client client : this.story.clients()) {
			chat(client);
		}
		DemoStory.Client first = this.story.clients().get(0);
		return new Welcome.DemoKeys(this.story.agency(), token, first.nickname(), kept(first, "key"),
				this.story.model());
	}

	/** Told who is who. */
	@FunctionalInterface
	interface Named {

		void client(String id, String name);

	}

	@FunctionalInterface
	private interface Step {

		JsonNode run() throws IOException, InterruptedException;

	}

	/**
	 * Where the kept agency is not in this database, what was written down is about
	 * another one.
	 */
	private void forgetAnotherDatabase() throws IOException, InterruptedException {
		String agency = this.progress.get("agency.id");
		if (agency != null
				&& find("/agencies", this.platformToken, (each) -> text(each, "id").equals(agency)) == null) {
			this.progress.clear();
		}
	}

	private String agency() throws IOException, InterruptedException {
		String kept = this.progress.get("agency.id");
		if (kept != null) {
			return kept;
		}
		JsonNode agency = find("/agencies", this.platformToken,
				(each) -> text(each, "name").equals(this.story.agency()));
		if (agency == null) {
			agency = post("/agencies", this.platformToken, "agency", Map.of("name", this.story.agency()));
			keepIfGiven("agency.admin-token", agency, "admin_token");
		}
		this.progress.keep("agency.id", text(agency, "id"));
		return text(agency, "id");
	}

	private String adminToken(String agency) throws IOException, InterruptedException {
		if (this.progress.get("agency.admin-token") == null) {
			JsonNode token = this.api.post(ADMIN + "/agencies/" + agency + "/admin_tokens", this.platformToken,
					unrepeated("admin-token"), Map.of("name", "Sandbox", "role", "owner"));
			keepIfGiven("agency.admin-token", token, "admin_token");
		}
		return kept("agency.admin-token");
	}

	private JsonNode provider(String token) throws IOException, InterruptedException {
		Map<String, Object> body = this.story.provider();
		JsonNode made = find("/providers", token, (each) -> text(each, "name").equals(body.get("name")));
		return (made != null) ? made : post("/providers", token, "provider", body);
	}

	private String client(String token, DemoStory.Client client) throws IOException, InterruptedException {
		if (this.progress.get(name(client, "key")) == null) {
			JsonNode made = find("/clients", token, (each) -> text(each, "nickname").equals(client.nickname()));
			if (made == null) {
				made = post("/clients", token, name(client, "create"), client.body());
			}
			JsonNode channel = made.path("channels").path(0);
			JsonNode key = channel.path("keys").path(0);
			if (text(key, "secret").isEmpty()) {
				key = this.api.post(ADMIN + "/channels/" + text(channel, "id") + "/keys", token, unrepeated("key"),
						Map.of("name", "Sandbox"));
			}
			this.progress.keep(name(client, "id"), text(made, "id"));
			this.progress.keep(name(client, "key"), text(key, "secret"));
		}
		return kept(client, "id");
	}

	private void chat(DemoStory.Client client) throws IOException, InterruptedException {
		for (int i = 0; i < client.questions().size(); i++) {
			String question = client.questions().get(i);
			String number = name(client, "question." + i);
			once(number, () -> ask(client, number, question));
		}
	}

	/** A key made a moment ago may not be known on the data plane yet. */
	private JsonNode ask(DemoStory.Client client, String number, String question)
			throws IOException, InterruptedException {
		for (int attempt = 1;; attempt++) {
			try {
				return this.api.post("/v1/chat/completions", kept(client, "key"), "demo-" + number,
						this.story.chat(question));
			}
			catch (GatewayApi.Refused ex) {
				if (ex.status() == 422) {
					// Answered in a run that was killed before it wrote that down.
					return this.api.get(ADMIN + "/clients/" + kept(client, "id"), kept("agency.admin-token"));
				}
				if (ex.status() != 401 || attempt == NEW_KEY_ATTEMPTS) {
					throw ex;
				}
				TimeUnit.MILLISECONDS.sleep(250);
			}
		}
	}

	private void once(String name, Step step) throws IOException, InterruptedException {
		if (this.progress.get(name) == null) {
			step.run();
			this.progress.keep(name, "done");
		}
	}

	private @Nullable JsonNode find(String list, String token, Predicate<JsonNode> wanted)
			throws IOException, InterruptedException {
		JsonNode page = this.api.get(ADMIN + list + "?limit=100", token);
		return StreamSupport.stream(page.path("data").spliterator(), false).filter(wanted).findFirst().orElse(null);
	}

	private JsonNode post(String path, String token, String step, Map<String, ?> body)
			throws IOException, InterruptedException {
		return this.api.post(ADMIN + path, token, unrepeated(step), body);
	}

	/** A step that is run again was looked up first: it must not get an old answer. */
	private static String unrepeated(String step) {
		return "demo-" + step + "-" + System.nanoTime();
	}

	private void keepIfGiven(String name, JsonNode answer, String field) {
		String value = text(answer, field);
		if (!value.isEmpty()) {
			this.progress.keep(name, value);
		}
	}

	private String kept(DemoStory.Client client, String what) {
		return kept(name(client, what));
	}

	private String kept(String name) {
		String value = this.progress.get(name);
		if (value == null) {
			throw new IllegalStateException("The answer that should hold " + name + " did not");
		}
		return value;
	}

	private static String name(DemoStory.Client client, String what) {
		return "client." + client.nickname().toLowerCase(Locale.ROOT).replace(' ', '-') + "." + what;
	}

	private static String text(JsonNode node, String field) {
		return node.path(field).asString("");
	}

}
