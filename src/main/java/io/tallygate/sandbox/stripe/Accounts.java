package io.tallygate.sandbox.stripe;

import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** All accounts, and the keys that open them: one key opens one account. */
final class Accounts {

	private final Map<String, SandboxKey> keys = new LinkedHashMap<>();

	private final Map<String, Account> accounts = new LinkedHashMap<>();

	/** The key of this text, if the sandbox made it. */
	@Nullable SandboxKey key(String secret) {
		return this.keys.get(secret);
	}

	Collection<Account> all() {
		return this.accounts.values();
	}

	List<String> ids() {
		return List.copyOf(this.accounts.keySet());
	}

	Account account(String id) {
		return this.accounts.computeIfAbsent(id, Account::new);
	}

	/** Makes the key known, and its account where that is new. */
	void open(SandboxKey key, Instant now) {
		this.keys.put(key.secret().reveal(), key);
		Account account = account(key.account());
		if (account.find("account", key.account()) == null) {
			account.apply(Json.object().set("put", accountObject(key, now)));
		}
	}

	/** Applies one line of the journal. */
	void replay(JsonNode line) {
		Account account = account(Json.text(line, "account"));
		line.path("changes").forEach(account::apply);
		if (line.get("answer") instanceof ObjectNode answer) {
			account.storedAnswers().add(StoredAnswers.Stored.of(answer));
		}
		if (line.get("key") instanceof ObjectNode key) {
			open(key(account.id(), key), Instant.ofEpochSecond(key.path("created").asLong()));
		}
	}

	/** The line that makes the journal remember a key. */
	static ObjectNode line(SandboxKey key, Instant now) {
		ObjectNode line = Json.object().put("account", key.account());
		ObjectNode json = line.putObject("key")
			.put("secret", key.secret().reveal())
			.put("account_name", key.accountName())
			.put("created", now.getEpochSecond());
		if (key.permissions() != null) {
			ArrayNode permissions = json.putArray("permissions");
			key.permissions().stream().sorted().forEach(permissions::add);
		}
		return line;
	}

	private static SandboxKey key(String account, ObjectNode json) {
		Set<String> permissions = null;
		if (json.get("permissions") instanceof ArrayNode listed) {
			permissions = new LinkedHashSet<>();
			for (JsonNode permission : listed) {
				permissions.add(permission.stringValue());
			}
		}
		return new SandboxKey(Secret.of(Json.text(json, "secret")), account, Json.text(json, "account_name"),
				permissions);
	}

	private static ObjectNode accountObject(SandboxKey key, Instant now) {
		ObjectNode account = Json.object().put("id", key.account()).put("object", "account");
		account.putObject("business_profile").put("name", key.accountName()).putNull("url");
		account.putNull("business_type");
		account.putObject("capabilities").put("card_payments", "active").put("transfers", "active");
		account.put("charges_enabled", true)
			.put("country", "US")
			.put("created", now.getEpochSecond())
			.put("default_currency", "usd")
			.put("details_submitted", true)
			.putNull("email");
		account.putObject("metadata");
		account.put("payouts_enabled", true);
		account.putObject("settings")
			.putObject("dashboard")
			.put("display_name", key.accountName())
			.put("timezone", "Etc/UTC");
		return account.put("type", "standard");
	}

}
