package io.tallygate.nemesis;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;

/**
 * What Redis holds of the accounting, each tag as it was at one instant.
 *
 * @param marks the instance of each exchange that is marked open, by its request
 * @param pending the quantity of each entry that is kept, by its request
 * @param accounts their counters
 * @param faults what contradicts itself
 */
record Held(Map<String, String> marks, Map<String, Long> pending, Map<String, Counter> accounts, List<String> faults) {

	private static final int TAGS = 16;

	private static final String SCRIPT = """
			local prefix = 'tg:{' .. ARGV[1] .. '}:'
			local answer = {redis.call('HGETALL', prefix .. 'open'), redis.call('HGETALL', prefix .. 'pending')}
			for i = 2, #ARGV do
			  answer[#answer + 1] = redis.call('HMGET', prefix .. 'acc:' .. ARGV[i], 'base', 'ver', 'pend')
			end
			return answer
			""";

	/**
	 * An account's counters.
	 *
	 * @param base what PostgreSQL had at {@code version}, -1 when that is not known
	 * @param version of the base
	 * @param pending what is not written yet
	 */
	record Counter(long base, long version, long pending) {
	}

	/**
	 * Reads it.
	 * @param accounts their keys as they stand in Redis
	 * @param nodes the node that serves a tag
	 */
	static Held read(Set<String> accounts, IntFunction<RedisCommands<String, String>> nodes) {
		Held held = new Held(new HashMap<>(), new HashMap<>(), new HashMap<>(), new java.util.ArrayList<>());
		for (int tag = 0; tag < TAGS; tag++) {
			int number = tag;
			List<String> mine = accounts.stream().filter((account) -> tag(account) == number).toList();
			held.read(tag, mine, nodes.apply(tag));
		}
		return held;
	}

	private void read(int tag, List<String> of, RedisCommands<String, String> node) {
		String[] arguments = new String[of.size() + 1];
		arguments[0] = Integer.toString(tag);
		for (int i = 0; i < of.size(); i++) {
			arguments[i + 1] = of.get(i);
		}
		List<Object> answer = node.eval(SCRIPT, ScriptOutputType.MULTI, new String[] { key(tag) }, arguments);
		pairs(answer.get(0)).forEach((request, mark) -> this.marks.put(request, mark.split("\\|", -1)[3]));
		Map<String, Long> sums = new HashMap<>();
		pairs(answer.get(1)).forEach((request, entry) -> {
			String[] lines = entry.split("\n", 3);
			this.pending.put(request, Long.parseLong(lines[1]));
			sums.merge(lines[0].split(" ", 2)[0], Long.parseLong(lines[1]), Long::sum);
		});
		for (int i = 0; i < of.size(); i++) {
			List<?> values = (List<?>) answer.get(i + 2);
			Counter counter = new Counter(number(values.get(0), -1), number(values.get(1), -1),
					number(values.get(2), 0));
			this.accounts.put(of.get(i), counter);
			long sum = sums.getOrDefault(of.get(i), 0L);
			if (counter.pending() != sum) {
				this.faults.add("Redis counts " + counter.pending() + " of " + of.get(i)
						+ " as pending, and keeps entries of " + sum);
			}
		}
	}

	/** The key by which a tag is found on a cluster. */
	static String key(int tag) {
		return "tg:{" + tag + "}:gen";
	}

	private static int tag(String account) {
		return account.substring(0, account.lastIndexOf(':')).hashCode() & (TAGS - 1);
	}

	private static Map<String, String> pairs(Object flat) {
		List<?> values = (List<?>) flat;
		Map<String, String> pairs = new HashMap<>();
		for (int i = 0; i < values.size(); i += 2) {
			pairs.put((String) values.get(i), (String) values.get(i + 1));
		}
		return pairs;
	}

	private static long number(Object text, long otherwise) {
		return (text != null) ? Long.parseLong((String) text) : otherwise;
	}

}
