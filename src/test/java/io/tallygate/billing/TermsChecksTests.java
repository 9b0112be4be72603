package io.tallygate.billing;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mockito.Mockito;

import io.tallygate.core.Database;

import static org.assertj.core.api.Assertions.assertThat;

/** When the night of a client comes. */
class TermsChecksTests {

	private final TermsChecks checks = new TermsChecks(Mockito.mock(Database.OfSystem.class), 3);

	/**
	 * Berlin's clocks skip from two to three on 29 March and repeat that hour on 25
	 * October.
	 */
	@ParameterizedTest
	@CsvSource({ "2026-06-01T12:00:00Z, Europe/Berlin, 2026-06-02T01:00:00Z",
			"2026-06-01T00:00:00Z, Europe/Berlin, 2026-06-01T01:00:00Z",
			"2026-06-01T12:00:00Z, America/New_York, 2026-06-02T07:00:00Z",
			"2026-06-01T12:00:00Z, Pacific/Auckland, 2026-06-01T15:00:00Z",
			"2026-03-28T12:00:00Z, Europe/Berlin, 2026-03-29T01:00:00Z",
			"2026-10-24T12:00:00Z, Europe/Berlin, 2026-10-25T02:00:00Z" })
	void itBeginsAtThreeInTheAgencysZoneAndLastsTwoHours(Instant now, ZoneId zone, Instant begins) {
		List<Instant> nights = clients().stream().map((client) -> this.checks.nextNight(now, zone, client)).toList();

		assertThat(nights).allMatch((night) -> night.isAfter(now))
			.allMatch((night) -> !night.isBefore(begins) && night.isBefore(begins.plus(Duration.ofHours(2))));
	}

	@Test
	void notAllComeAtOnceAndEachKeepsItsMinute() {
		Instant now = Instant.parse("2026-06-01T12:00:00Z");
		ZoneId zone = ZoneId.of("UTC");
		Set<Instant> nights = clients().stream()
			.map((client) -> this.checks.nextNight(now, zone, client))
			.collect(Collectors.toSet());
		ClientId one = clients().get(0);
		Instant first = this.checks.nextNight(now, zone, one);

		assertThat(nights).hasSizeGreaterThan(50);
		assertThat(this.checks.nextNight(first, zone, one)).isEqualTo(first.plus(Duration.ofDays(1)));
	}

	private static List<ClientId> clients() {
		return IntStream.range(0, 100)
			.mapToObj((i) -> new ClientId(ClientId.PREFIX + String.format("%0" + Ids.BODY_LENGTH + "d", i)))
			.toList();
	}

}
