package io.tallygate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

/** The walls between the rooms. */
class ArchitectureTests {

	private static final String BASE = "io.tallygate";

	private static final JavaClasses MAIN = new ClassFileImporter()
		.withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
		.importPackages(BASE);

	/** Which rooms a room may import. What is not named here is refused. */
	static final Map<String, Set<String>> WALLS = new LinkedHashMap<>();
	static {
		WALLS.put("core", Set.of());
		WALLS.put("provider", Set.of("core"));
		WALLS.put("agency", Set.of("provider", "core"));
		WALLS.put("client", Set.of("agency", "provider", "core"));
		WALLS.put("metering", Set.of("client", "provider", "core"));
		WALLS.put("stripe", Set.of("agency", "core"));
		WALLS.put("outbox", Set.of("metering", "client", "stripe", "core"));
		WALLS.put("billing", Set.of("stripe", "outbox", "metering", "client", "agency", "core"));
		WALLS.put("relay", Set.of("metering", "client", "provider", "core"));
		WALLS.put("sandbox", Set.of("outbox", "metering", "client", "provider", "core"));
	}

	static Set<String> rooms() {
		return WALLS.keySet();
	}

	@ParameterizedTest
	@MethodSource("rooms")
	void aRoomImportsOnlyWhatItsWallsLetIn(String room) {
		String[] others = WALLS.keySet()
			.stream()
			.filter((other) -> !other.equals(room) && !WALLS.get(room).contains(other))
			.map((other) -> BASE + "." + other + "..")
			.toArray(String[]::new);

		noClasses().that()
			.resideInAPackage(BASE + "." + room + "..")
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage(others)
			.check(MAIN);
	}

	@Test
	void everyRoomHasWalls() {
		List<String> rooms = MAIN.getPackage(BASE).getSubpackages().stream().map(JavaPackage::getRelativeName).toList();

		assertThat(rooms).containsExactlyInAnyOrderElementsOf(WALLS.keySet());
	}

	@Test
	void roomsHaveNoCycles() {
		SlicesRuleDefinition.slices().matching(BASE + ".(*)..").should().beFreeOfCycles().check(MAIN);
	}

	@Test
	void onlyTheStripeRoomSpeaksToStripe() {
		noClasses().that()
			.resideOutsideOfPackage(BASE + ".stripe..")
			.should()
			.dependOnClassesThat()
			.resideInAPackage("com.stripe..")
			.check(MAIN);
	}

	@Test
	void theProviderRoomKnowsNeitherSpringNorADatabase() {
		noClasses().that()
			.resideInAPackage(BASE + ".provider..")
			.should()
			.dependOnClassesThat()
			.resideInAnyPackage("org.springframework..", "io.r2dbc..", "io.lettuce..", "reactor..")
			.check(MAIN);
	}

	@Test
	void nothingThatIsStoredIsEvaluated() {
		noClasses().should()
			.dependOnClassesThat()
			.haveNameMatching(
					"org\\.springframework\\.expression\\..*|java\\.io\\.ObjectInputStream|javax\\.script\\..*")
			.check(MAIN);
	}

	@Test
	void everyPackageIsNullMarked() {
		DescribedPredicate<JavaClass> isOurs = DescribedPredicate.describe("a class of ours",
				(type) -> !type.getPackageName().isEmpty());
		assertThat(MAIN.that(isOurs).stream().map(JavaClass::getPackage).distinct())
			.allSatisfy((room) -> assertThat(room.isAnnotatedWith(NullMarked.class)).as(room.getName()).isTrue());
	}

}
