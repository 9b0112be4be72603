package io.tallygate.sandbox.stripe;

import java.util.Map;

/**
 * An object that is to be there from the start, under an id that is known beforehand.
 * What is there already is left alone.
 *
 * @param key of the account that it belongs to
 * @param path that creates it, such as {@code /v1/products}
 * @param id that it gets
 * @param form the parameters, brackets and all
 */
public record Seed(SandboxKey key, String path, String id, Map<String, String> form) {

	public Seed {
		form = Map.copyOf(form);
	}

}
