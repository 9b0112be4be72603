package io.tallygate.relay;

import java.util.Locale;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * Which request paths are the data plane's. A path is served when it is spelled exactly;
 * every other spelling of one, and all else below its roots, is answered 404 by the data
 * plane itself, so that no detour reaches a provider unmetered.
 */
final class DataPlanePaths {

	/** A chat completion, billed. */
	static final String CHAT_COMPLETIONS = "/v1/chat/completions";

	/** The models that a client may use, never billed. */
	static final String MODELS = "/v1/models";

	private static final Set<String> ROOTS = Set.of("v1", "v1beta", "ghl");

	/** What is asked for when the base URL was given without its {@code /v1}. */
	private static final Set<String> WITHOUT_BASE = Set.of("chat", "completions", "models", "responses", "embeddings",
			"messages", "engines", "openai");

	private static final int DECODINGS_MAX = 3;

	private DataPlanePaths() {
	}

	/** Whether the data plane answers for this raw path, if only to refuse it. */
	static boolean covers(String rawPath) {
		String path = rawPath;
		for (int i = 0; i <= DECODINGS_MAX; i++) {
			String written = firstSegment(path, false);
			String meant = firstSegment(path, true);
			if (isRoot(written) || isRoot(meant) || WITHOUT_BASE.contains(meant)) {
				return true;
			}
			path = decoded(path);
		}
		return false;
	}

	private static boolean isRoot(String segment) {
		return ROOTS.contains(segment);
	}

	/**
	 * The first segment that names something, in lower case and without {@code ;params};
	 * with {@code walks}, the first one left after {@code .} and {@code ..} were
	 * followed.
	 */
	private static String firstSegment(String path, boolean walks) {
		java.util.ArrayDeque<String> segments = new java.util.ArrayDeque<>();
		for (String raw : path.replace('\\', '/').split("/", -1)) {
			int params = raw.indexOf(';');
			String segment = ((params >= 0) ? raw.substring(0, params) : raw).strip().toLowerCase(Locale.ROOT);
			if (segment.isEmpty() || segment.equals(".")) {
				continue;
			}
			if (!segment.equals("..")) {
				segments.addLast(segment);
			}
			else if (walks) {
				segments.pollLast();
			}
			if (!walks && !segments.isEmpty()) {
				break;
			}
		}
		@Nullable String first = segments.peekFirst();
		return (first != null) ? first : "";
	}

	private static String decoded(String path) {
		StringBuilder text = new StringBuilder(path.length());
		for (int i = 0; i < path.length(); i++) {
			int high = (path.charAt(i) == '%' && i + 2 < path.length()) ? Character.digit(path.charAt(i + 1), 16) : -1;
			int low = (high >= 0) ? Character.digit(path.charAt(i + 2), 16) : -1;
			if (low >= 0) {
				text.append((char) (high * 16 + low));
				i += 2;
			}
			else {
				text.append(path.charAt(i));
			}
		}
		return text.toString();
	}

}
