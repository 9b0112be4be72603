package io.tallygate.nemesis;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

import io.lettuce.core.RedisException;
import io.netty.channel.EventLoopGroup;

/** A primary and its replica; each gateway has a way of its own to whoever is primary. */
final class RedisPair implements Redis {

	private final List<Way> ways;

	private RedisNode primary;

	private RedisNode replica;

	RedisPair(Path directory, Path logs, Ports ports, int gateways, EventLoopGroup loops) {
		this.primary = new RedisNode(directory, logs, ports.next());
		this.replica = new RedisNode(directory, logs, ports.next());
		this.replica.commands().replicaof("127.0.0.1", this.primary.port());
		this.ways = java.util.stream.IntStream.range(0, gateways)
			.mapToObj((i) -> new Way("Redis of gateway " + (i + 1), loops, ports.next(), this.primary.port()))
			.toList();
	}

	@Override
	public Map<String, String> settings(int gateway) {
		return Map.of("SPRING_DATA_REDIS_URL", "redis://127.0.0.1:" + this.ways.get(gateway).port());
	}

	@Override
	public List<Way> ways(int gateway) {
		return List.of(this.ways.get(gateway));
	}

	@Override
	public RedisNode serving(Random random) {
		return this.primary;
	}

	@Override
	public void gone(RedisNode node) {
		this.ways.forEach(Way::shut);
	}

	@Override
	public void back(RedisNode node) {
		this.ways.forEach(Way::open);
	}

	@Override
	public void flush() {
		this.primary.commands().flushall();
	}

	@Override
	public void flushScripts() {
		this.primary.commands().scriptFlush();
	}

	/**
	 * Some gateways still reach the old primary for a while, which answers as if nothing
	 * had happened.
	 */
	@Override
	public Runnable failover(Random random) {
		boolean allAtOnce = random.nextBoolean();
		long pause = random.nextLong(PAUSE_MAX.toMillis());
		this.replica.hearsNothing(this.primary);
		return () -> {
			RedisNode old = this.primary;
			this.primary = this.replica;
			this.replica = old;
			this.primary.commands().replicaofNoOne();
			this.primary.hears();
			for (Way way : this.ways) {
				way.leadTo(this.primary.port());
				way.cut();
				if (!allAtOnce) {
					io.tallygate.support.Wait.pause(pause);
				}
			}
			old.commands().replicaof("127.0.0.1", this.primary.port());
		};
	}

	@Override
	public boolean isWhole() {
		try {
			return this.primary.isUp() && this.replica.isUp()
					&& this.replica.replication("master_link_status").equals("up");
		}
		catch (RedisException ex) {
			return false;
		}
	}

	@Override
	public Held held(Set<String> accounts) {
		return Held.read(accounts, (tag) -> this.primary.commands());
	}

	@Override
	public void close() {
		this.ways.forEach(Way::close);
		this.replica.close();
		this.primary.close();
	}

}
