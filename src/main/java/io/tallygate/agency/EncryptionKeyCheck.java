package io.tallygate.agency;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.tallygate.agency.SealedSecrets.Sealed;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Phases;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;

/**
 * Looks once, beside the start, whether the encryption keys open what is sealed:
 * <ol>
 * <li>every secret that is in use is read, page after page, and opened;</li>
 * <li>what cannot be opened is gathered by its agency;</li>
 * <li>each such agency is named in one line of the log, with what has to be entered
 * again.</li>
 * </ol>
 * Nothing is refused and nothing changed: what can be opened serves, and the key that
 * sealed the rest may still be found.
 */
@Component
class EncryptionKeyCheck implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(EncryptionKeyCheck.class);

	/** Secrets that are looked at, over all tables. */
	static final int SECRETS_MAX = 200_000;

	private static final int PAGE = 200;

	/** Twice as long as the slowest statement may take, for each of three tables. */
	private static final Duration TIME_MAX = Duration.ofSeconds(90);

	private final List<SealedSecrets> tables;

	private @Nullable Disposable look;

	EncryptionKeyCheck(List<SealedSecrets> tables) {
		this.tables = List.copyOf(tables);
	}

	@Override
	public synchronized void start() {
		// A subscriber is disposed before it is told, and then it would not run any more.
		this.look = look().doOnNext(Unopened::tell).subscribe((told) -> {
		}, (error) -> logger.error("The secrets that are sealed could not be looked at", error));
	}

	/** All that cannot be opened, as far as was looked. */
	private Mono<Unopened> look() {
		return Mono.defer(() -> {
			Unopened unopened = new Unopened();
			return Flux.fromIterable(this.tables)
				.concatMap(EncryptionKeyCheck::all, 1)
				.doOnComplete(unopened::isWhole)
				.onErrorResume((error) -> {
					logger.warn("Whether what is sealed can be opened was not looked at to the end: {}",
							error.getMessage());
					return Flux.empty();
				})
				.take(SECRETS_MAX)
				.take(TIME_MAX)
				.doOnNext(unopened::look)
				.then(Mono.just(unopened));
		});
	}

	/** Opened away from the event loops, which have others to serve. */
	private static Flux<Sealed> all(SealedSecrets table) {
		return table.after("", PAGE)
			.expand((page) -> (page.size() < PAGE) ? Mono.empty() : table.after(page.get(page.size() - 1).id(), PAGE))
			.publishOn(Schedulers.boundedElastic(), 1)
			.concatMapIterable((page) -> page, 1);
	}

	@Override
	public synchronized void stop() {
		if (this.look != null) {
			this.look.dispose();
		}
	}

	/** While it looks. */
	@Override
	public synchronized boolean isRunning() {
		return this.look != null && !this.look.isDisposed();
	}

	@Override
	public int getPhase() {
		return Phases.OUTBOX;
	}

	/** What cannot be opened, by agency. */
	static final class Unopened {

		/** Agencies that are named; of further ones it is told that there are some. */
		static final int AGENCIES_MAX = 100;

		/** Secrets of an agency that are named. */
		static final int SECRETS_MAX = 10;

		private final Map<AgencyId, OfAgency> agencies = new LinkedHashMap<>();

		private int others;

		private volatile boolean whole;

		void isWhole() {
			this.whole = true;
		}

		void look(Sealed secret) {
			secret.unlessOpens().ifPresent((what) -> add(secret, what));
		}

		private void add(Sealed secret, String what) {
			OfAgency known = this.agencies.get(secret.agency());
			if (known == null && this.agencies.size() >= AGENCIES_MAX) {
				this.others++;
				return;
			}
			if (known == null) {
				known = new OfAgency(secret.agencyName());
				this.agencies.put(secret.agency(), known);
			}
			known.add(what);
		}

		void tell() {
			this.agencies
				.forEach((id, agency) -> logger.error("TALLYGATE_ENCRYPTION_KEY does not open what is sealed of agency "
						+ "{} ({}): {}. Add the key that sealed it to the setting, after the others, or enter each again",
						id, agency.name, agency.text()));
			if (this.others > 0) {
				logger.error("TALLYGATE_ENCRYPTION_KEY does not open {} secrets of further agencies either",
						this.others);
			}
			if (!this.whole) {
				logger.warn("Not all that is sealed was looked at; what is not named above may not open either");
			}
		}

	}

	/** What of one agency cannot be opened. */
	private static final class OfAgency {

		private final String name;

		private final List<String> secrets = new ArrayList<>();

		private int others;

		OfAgency(String name) {
			this.name = name;
		}

		void add(String what) {
			if (this.secrets.size() < Unopened.SECRETS_MAX) {
				this.secrets.add(what);
			}
			else {
				this.others++;
			}
		}

		String text() {
			return String.join(", ", this.secrets) + ((this.others > 0) ? " and " + this.others + " more" : "");
		}

	}

}
