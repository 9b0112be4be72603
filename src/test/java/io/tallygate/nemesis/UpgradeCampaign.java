package io.tallygate.nemesis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.tallygate.fault.Matrix;
import io.tallygate.support.Progress;
import io.tallygate.support.Results;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * From a former version to this one, back, and here again, under load and one replica
 * after the other, by SIGTERM and by kill -9: {@code ./mvnw -Pupgrade verify
 * -Dversion=0a5b7e5}. Both versions run side by side on the same tables, keys and pending
 * entries; after each step all that was asked before is where it belongs.
 */
class UpgradeCampaign {

	private static final Duration BETWEEN_STEPS = Duration.ofSeconds(8);

	private static final int PER_SECOND = 40;

	private static final long SEED = 41;

	private final List<Step> steps = new ArrayList<>();

	private Scene scene;

	private Load load;

	private Deaths deaths;

	/** A replica that goes on as another version. */
	private record Step(int replica, Version version, boolean isKilled) {

		String text() {
			return "replica %s %s, goes on as %s".formatted(this.replica + 1,
					this.isKilled ? "is killed (-9)" : "stops (SIGTERM)", this.version.name());
		}

	}

	@Test
	@Matrix(41)
	void runs() {
		String commit = System.getProperty("version", "");
		assertThat(commit).as("-Dversion=<commit> says from which version").isNotEmpty();
		Version former = Version.of(commit);
		rolling(Version.THIS, true);
		rolling(former, false);
		rolling(Version.THIS, false);
		Load[] told = new Load[1];
		try (Progress progress = new Progress("steps", this.steps.size());
				Scene opened = new Scene(Path.of("target", "nemesis", "upgrade"), Cast.of(false, former), SEED,
						(answer) -> told[0].told(answer));
				Load begun = Load.on(opened, opened.customers(), PER_SECOND, SEED)) {
			this.scene = opened;
			this.load = begun;
			told[0] = begun;
			this.deaths = new Deaths(opened);
			Audit audit = new Audit(opened, begun, this.deaths, false);
			begun.start();
			for (Step step : this.steps) {
				Wait.pause(BETWEEN_STEPS.toMillis());
				progress.say(step.text());
				take(step);
				Wait.pause(BETWEEN_STEPS.toMillis());
				audit.rest();
				progress.reach(this.steps.indexOf(step) + 1);
			}
			begun.stop();
			Audit.Sums sums = audit.end();
			assertThat(sums.drift()).isZero();
			assertThat(sums.missing()).isZero();
			assertThat(sums.doubled()).isZero();
			assertThat(sums.orphans()).isEqualTo(sums.marked());
			Results.write("upgrade",
					Map.of("from", commit, "steps", this.steps.size(), "requests", begun.attempts(), "complete",
							begun.complete(), "drift", sums.drift(), "missing", sums.missing(), "doubled",
							sums.doubled(), "orphans", sums.orphans()));
		}
	}

	/** Both replicas, one after the other; the first of them as told. */
	private void rolling(Version to, boolean isFirstKilled) {
		this.steps.add(new Step(1, to, isFirstKilled));
		this.steps.add(new Step(0, to, !isFirstKilled));
	}

	private void take(Step step) {
		Gateway gateway = this.scene.gateways().get(step.replica());
		if (step.isKilled()) {
			this.deaths.kill(gateway, this.load);
		}
		else {
			gateway.stop();
		}
		gateway.as(step.version()).start();
	}

}
