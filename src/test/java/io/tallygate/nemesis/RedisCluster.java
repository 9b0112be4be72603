package io.tallygate.nemesis;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.lettuce.core.RedisException;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.models.partitions.ClusterPartitionParser;
import io.lettuce.core.cluster.models.partitions.Partitions;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.netty.channel.EventLoopGroup;
import io.tallygate.support.Wait;

/**
 * Three masters and three replicas. Every node announces the port of its way instead of
 * its own, so that gateways, and replicas too, come to it over that; one way serves all.
 */
final class RedisCluster implements Redis {

	private static final int MASTERS = 3;

	private static final int NODES = 2 * MASTERS;

	private final List<RedisNode> nodes = new ArrayList<>();

	private final List<Way> ways = new ArrayList<>();

	RedisCluster(Path directory, Path logs, Ports ports, EventLoopGroup loops) {
		for (int i = 0; i < NODES; i++) {
			int port = ports.nextWithBus();
			int announced = ports.next();
			this.ways.add(new Way("Redis node " + (i + 1), loops, announced, port));
			this.nodes.add(new RedisNode(directory, logs, port, "cluster-enabled yes", "cluster-config-file nodes.conf",
					"cluster-node-timeout 2000", "cluster-announce-ip 127.0.0.1", "cluster-announce-port " + announced,
					"cluster-announce-bus-port " + (port + 10_000)));
		}
		for (int i = 0; i < MASTERS; i++) {
			int from = SlotHash.SLOT_COUNT * i / MASTERS;
			int to = SlotHash.SLOT_COUNT * (i + 1) / MASTERS;
			this.nodes.get(i).commands().clusterAddSlots(IntStream.range(from, to).toArray());
		}
		this.nodes.forEach((node) -> this.nodes.get(0).commands().clusterMeet("127.0.0.1", node.port()));
		Wait.until("acquaintance of the nodes", 30,
				() -> this.nodes.stream().allMatch((node) -> partitions(node).size() == NODES));
		for (int i = 0; i < MASTERS; i++) {
			this.nodes.get(MASTERS + i).commands().clusterReplicate(this.nodes.get(i).commands().clusterMyId());
		}
		Wait.until("Redis Cluster", 30, this::isWhole);
	}

	@Override
	public Map<String, String> settings(int gateway) {
		return Map.of("SPRING_DATA_REDIS_CLUSTER_NODES",
				this.ways.stream().map((way) -> "127.0.0.1:" + way.port()).collect(Collectors.joining(",")));
	}

	@Override
	public List<Way> ways(int gateway) {
		return this.ways;
	}

	@Override
	public RedisNode serving(Random random) {
		List<RedisNode> masters = masters();
		return masters.get(random.nextInt(masters.size()));
	}

	private List<RedisNode> masters() {
		return this.nodes.stream().filter((node) -> node.replication("role").equals("master")).toList();
	}

	@Override
	public void gone(RedisNode node) {
		wayTo(node).shut();
	}

	@Override
	public void back(RedisNode node) {
		wayTo(node).open();
	}

	private Way wayTo(RedisNode node) {
		return this.ways.get(this.nodes.indexOf(node));
	}

	@Override
	public void flush() {
		masters().forEach((node) -> node.commands().flushall());
	}

	@Override
	public void flushScripts() {
		masters().forEach((node) -> node.commands().scriptFlush());
	}

	@Override
	public Runnable failover(Random random) {
		RedisNode master = serving(random);
		String id = master.commands().clusterMyId();
		RedisNode replica = this.nodes.stream()
			.filter((node) -> id
				.equals(partitions(node).getPartitionByNodeId(node.commands().clusterMyId()).getSlaveOf()))
			.findFirst()
			.orElseThrow();
		replica.hearsNothing(master);
		return () -> {
			// Takes the slots without asking anybody, as when its master cannot be
			// reached.
			replica.commands()
				.dispatch(io.lettuce.core.protocol.CommandType.CLUSTER,
						new io.lettuce.core.output.StatusOutput<>(io.lettuce.core.codec.StringCodec.UTF8),
						new io.lettuce.core.protocol.CommandArgs<>(io.lettuce.core.codec.StringCodec.UTF8)
							.add("FAILOVER")
							.add("TAKEOVER"));
			replica.hears();
		};
	}

	/**
	 * kill -9 of a master, any. When the others have made its replica master, it comes
	 * back as a replica.
	 */
	void elect(Random random) {
		RedisNode lost = serving(random);
		String id = lost.commands().clusterMyId();
		RedisNode other = this.nodes.get((this.nodes.indexOf(lost) + 1) % NODES);
		lost.kill();
		Wait.until("election", 30, () -> partitions(other).getPartitionByNodeId(id).getSlots().isEmpty());
		lost.start();
	}

	@Override
	public boolean isWhole() {
		try {
			return this.nodes.stream().allMatch(this::isWhole) && masters().size() == MASTERS;
		}
		catch (RedisException ex) {
			return false;
		}
	}

	private boolean isWhole(RedisNode node) {
		return node.isUp() && node.commands().clusterInfo().contains("cluster_state:ok")
				&& (node.replication("role").equals("master") || node.replication("master_link_status").equals("up"))
				&& partitions(node).stream().noneMatch(RedisCluster::isFailing);
	}

	private static boolean isFailing(RedisClusterNode node) {
		return node.is(RedisClusterNode.NodeFlag.FAIL) || node.is(RedisClusterNode.NodeFlag.EVENTUAL_FAIL)
				|| node.is(RedisClusterNode.NodeFlag.HANDSHAKE);
	}

	@Override
	public Held held(Set<String> accounts) {
		Partitions seen = partitions(masters().get(0));
		return Held.read(accounts, (tag) -> serving(seen, tag));
	}

	private RedisCommands<String, String> serving(Partitions seen, int tag) {
		int announced = seen.getPartitionBySlot(SlotHash.getSlot(Held.key(tag))).getUri().getPort();
		for (int i = 0; i < NODES; i++) {
			if (this.ways.get(i).port() == announced) {
				return this.nodes.get(i).commands();
			}
		}
		throw new IllegalStateException("No node announces " + announced);
	}

	private static Partitions partitions(RedisNode node) {
		return ClusterPartitionParser.parse(node.commands().clusterNodes());
	}

	@Override
	public void close() {
		this.ways.forEach(Way::close);
		this.nodes.forEach(RedisNode::close);
	}

}
