package io.tallygate.agency;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Secret;
import io.tallygate.core.SecretBox;
import io.tallygate.core.Uncancelled;
import reactor.core.publisher.Mono;

/**
 * Secrets that a room keeps sealed in a table of its own, one after the other, for
 * whoever looks whether they can be opened.
 */
public interface SealedSecrets {

	/** At most {@code limit} of them, in the order of their ids, after this one. */
	Mono<List<Sealed>> after(String id, int limit);

	/**
	 * Such a page, by a statement with the parameters {@code after} and {@code limit}.
	 */
	static Mono<List<Sealed>> page(Database.OfSystem database, String sql, String after, int limit,
			Function<Readable, Sealed> sealed) {
		return Uncancelled
			.of(database.client().sql(sql).bind("after", after).bind("limit", limit).map(sealed).all().collectList());
	}

	/**
	 * A secret as it is kept.
	 *
	 * @param id of its row
	 * @param agency whose it is
	 * @param agencyName by which a person knows the agency
	 * @param what it is, and by which call it is entered again
	 * @param opening opens it
	 */
	record Sealed(String id, AgencyId agency, String agencyName, String what, Opening opening) {

		/** What it is, unless it can be opened with the keys that we hold. */
		Optional<String> unlessOpens() {
			try {
				this.opening.open();
				return Optional.empty();
			}
			catch (SecretBox.CannotOpen ex) {
				return Optional.of(this.what);
			}
		}

	}

	/** Opens one sealed secret. */
	@FunctionalInterface
	interface Opening {

		/**
		 * The secret.
		 * @throws SecretBox.CannotOpen if no key that we hold opens it
		 */
		Secret open();

	}

}
