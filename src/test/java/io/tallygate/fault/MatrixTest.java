package io.tallygate.fault;

import java.util.Locale;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.platform.commons.annotation.Testable;

/**
 * A test that shows rows of the fault matrix.
 *
 * @param path of its class, as the documentation names it
 * @param method its name
 * @param rows that it shows
 * @param isTest whether it is run at all
 */
public record MatrixTest(String path, String method, List<Integer> rows, boolean isTest) {

	private static final String BASE = "io.tallygate.";

	/** Tests that talk to processes of the gateway. */
	private static final Set<String> PROCESSES = Set.of("fault", "journey", "nemesis");

	/** All there are, in the order of their names. */
	static List<MatrixTest> all() {
		return new ClassFileImporter().withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
			.importPackages("io.tallygate")
			.stream()
			.flatMap((type) -> type.getMethods().stream())
			.filter((method) -> method.isAnnotatedWith(Matrix.class))
			.map(MatrixTest::of)
			.sorted((one, other) -> one.name().compareTo(other.name()))
			.toList();
	}

	private static MatrixTest of(JavaMethod method) {
		String path = method.getOwner().getName().substring(BASE.length()).replace('.', '/');
		List<Integer> rows = Arrays.stream(method.getAnnotationOfType(Matrix.class).value()).boxed().toList();
		return new MatrixTest(path, method.getName(), rows, method.isMetaAnnotatedWith(Testable.class));
	}

	public String name() {
		return this.path + "." + this.method;
	}

	String className() {
		return this.path.substring(this.path.lastIndexOf('/') + 1);
	}

	/** Which part of the check or which campaign runs it, as pom.xml decides. */
	String runsIn() {
		String room = this.path.contains("/") ? this.path.substring(0, this.path.indexOf('/')) : "";
		if (className().endsWith("Campaign")) {
			return "-P" + className().replace("Campaign", "").toLowerCase(Locale.ROOT);
		}
		if (PROCESSES.contains(room)) {
			return "verify, processes";
		}
		if (className().endsWith("IntegrationTests")) {
			return room.equals("relay") ? "verify, data plane" : "verify, servers";
		}
		return "verify, unit tests";
	}

}
