package io.tallygate.client;

import reactor.core.publisher.Mono;

/**
 * Who bears a channel key. Answers from memory; a key not seen before is looked up once
 * in PostgreSQL. Changes are announced over Redis and noticed within seconds even when
 * the announcement is lost; while PostgreSQL is away what is in memory stays valid.
 */
public interface KeyDirectory {

	/**
	 * The bearer of {@code key} (its text, as presented), or empty for a key that is
	 * malformed, unknown, revoked, expired, or whose channel has no client;
	 * {@link KeysUnavailable} where neither memory nor PostgreSQL can tell.
	 */
	Mono<ChannelAccess> find(String key);

}
