package io.tallygate.nemesis;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** The Redis that the gateways count in: one with a replica, or a cluster of six. */
interface Redis extends AutoCloseable {

	/** What a gateway is told of it. */
	Map<String, String> settings(int gateway);

	/** The ways that a gateway takes to it. */
	List<Way> ways(int gateway);

	/** One that serves now; of several, any. */
	RedisNode serving(Random random);

	/**
	 * Takes a node away so that connections to it are refused, until it is given back.
	 */
	void gone(RedisNode node);

	/** It is there again. */
	void back(RedisNode node);

	/** Forgets everything. */
	void flush();

	/** Forgets the scripts. */
	void flushScripts();

	/** From now on a replica lags, and it is promoted when the result is run. */
	Runnable failover(Random random);

	/** Whether everything is up and every replica has what its primary has. */
	boolean isWhole();

	/** What it holds of these accounts, marks and entries. */
	Held held(Set<String> accounts);

	/** How long a failover may go unnoticed by those who are cut off. */
	Duration PAUSE_MAX = Duration.ofMillis(1500);

	@Override
	void close();

}
