package io.tallygate.sandbox.stripe;

import java.util.Set;

import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;

/**
 * A key that the fake Stripe answers to.
 *
 * @param secret {@code sk_test_sandbox_…}, or {@code rk_test_sandbox_…} for a restricted
 * one
 * @param account {@code acct_…} that it opens
 * @param accountName what the account is called
 * @param permissions {@code rak_…_read} and {@code rak_…_write} of a restricted key (the
 * right to write implies the one to read); null of a secret key, which may everything
 */
public record SandboxKey(Secret secret, String account, String accountName, @Nullable Set<String> permissions) {

	/** What every secret key of the sandbox begins with. */
	public static final String SECRET_PREFIX = "sk_test_sandbox_";

	/** What every restricted key of the sandbox begins with. */
	public static final String RESTRICTED_PREFIX = "rk_test_sandbox_";

	public SandboxKey {
		String prefix = (permissions != null) ? RESTRICTED_PREFIX : SECRET_PREFIX;
		if (!secret.reveal().startsWith(prefix)) {
			throw new IllegalArgumentException("A key of the sandbox begins with " + prefix);
		}
		permissions = (permissions != null) ? Set.copyOf(permissions) : null;
	}

	/** A key that may do everything in its account. */
	public static SandboxKey secret(String secret, String account, String accountName) {
		return new SandboxKey(Secret.of(secret), account, accountName, null);
	}

	/** A key that may do what is listed. */
	public static SandboxKey restricted(String secret, String account, String accountName, Set<String> permissions) {
		return new SandboxKey(Secret.of(secret), account, accountName, permissions);
	}

	/** Whether this key may do what needs {@code permission}. */
	boolean may(String permission) {
		return this.permissions == null || this.permissions.contains(permission) || (permission.endsWith("_read")
				&& this.permissions.contains(permission.substring(0, permission.length() - 4) + "write"));
	}

}
