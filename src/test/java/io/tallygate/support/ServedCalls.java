package io.tallygate.support;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.tallygate.relay.DataPlane;

import org.springframework.context.annotation.ClassPathScanningCandidateComponentProvider;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.type.filter.AnnotationTypeFilter;
import org.springframework.util.ClassUtils;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.bind.annotation.RestController;

/**
 * Every call that is answered, as {@code "GET /admin/v1/clients/{}"}: the controllers'
 * and the data plane's.
 */
public final class ServedCalls {

	private static final Pattern CURL = Pattern
		.compile("curl .*?(?:-X (\\w+) )?['\"]?http://localhost:8080(/[^'\"?\\s;|)]*)");

	private ServedCalls() {
	}

	/** The calls of the admin API. */
	public static Set<String> ofAdminApi() {
		ClassPathScanningCandidateComponentProvider scanner = new ClassPathScanningCandidateComponentProvider(false);
		scanner.addIncludeFilter(new AnnotationTypeFilter(RestController.class));
		Set<String> calls = new TreeSet<>();
		scanner.findCandidateComponents("io.tallygate").forEach((found) -> {
			Class<?> controller = ClassUtils.resolveClassName(String.valueOf(found.getBeanClassName()), null);
			for (Method method : controller.getDeclaredMethods()) {
				RequestMapping mapping = AnnotatedElementUtils.findMergedAnnotation(method, RequestMapping.class);
				if (mapping != null) {
					add(calls, path(AnnotatedElementUtils.findMergedAnnotation(controller, RequestMapping.class))
							+ path(mapping), mapping.method());
				}
			}
		});
		return calls;
	}

	/**
	 * The call that a curl command makes of the gateway, as {@code "GET /v1/models"} with
	 * shell variables for ids; {@code null} for another command.
	 */
	public static String ofCommand(String command) {
		Matcher curl = CURL.matcher(command);
		if (!curl.find()) {
			return null;
		}
		boolean posts = command.contains(" -d ");
		String method = (curl.group(1) != null) ? curl.group(1) : posts ? "POST" : "GET";
		return method + " " + curl.group(2).replaceAll("\\$\\w+", "{}");
	}

	/** Whether the admin API or the data plane answers this call. */
	public static boolean isServed(String call) {
		String[] parts = call.split(" ", 2);
		return ofAdminApi().contains(call) || DataPlane.serves(parts[0], parts[1]);
	}

	/** A call with all names of path variables taken out. */
	public static String nameless(String call) {
		return call.replaceAll("\\{\\w*}", "{}");
	}

	private static String path(RequestMapping mapping) {
		return (mapping == null || mapping.path().length == 0) ? "" : mapping.path()[0];
	}

	private static void add(Set<String> calls, String path, RequestMethod[] methods) {
		Arrays.stream(methods).forEach((method) -> calls.add(nameless(method + " " + path)));
	}

}
