package io.tallygate.bench;

import io.tallygate.metering.Admission;
import io.tallygate.metering.Meter;
import io.tallygate.metering.Opening;
import io.tallygate.metering.Outcome;
import reactor.core.publisher.Mono;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Primary;

/**
 * Takes the meter away: what is left is authentication, the reading of requests and
 * answers, and the relay. Not annotated as a configuration, so that no scan finds it: one
 * target's process names it as a source of its context.
 */
class MeteringOff {

	private static final Mono<Admission> ADMITTED = Mono.just(new Admission.Admitted(Admission.Rates.NONE));

	@Bean
	@Primary
	Meter noMeter() {
		return new Meter() {
			@Override
			public Mono<Admission> open(Opening opening) {
				return ADMITTED;
			}

			@Override
			public Mono<Void> close(Opening opening, Outcome outcome) {
				return Mono.empty();
			}
		};
	}

}
