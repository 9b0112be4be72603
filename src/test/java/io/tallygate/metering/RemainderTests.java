package io.tallygate.metering;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class RemainderTests {

	@ParameterizedTest
	@CsvSource({ "3000,true,false,NONE,0,0", "3400,true,true,CARRY,-400,400", "3400,false,true,ROUND_UP,600,0",
			"3400,false,false,DROP,-400,0", "3000,false,true,NONE,0,0" })
	void whatIsLeftIsCarriedElseRoundedUpElseDropped(long total, boolean carried, boolean rounded, Remainder.Kind kind,
			long old, long next) {
		Account account = new Account(new AccountKey(Exchanges.terms(1).client(), 1), 1000, total, total / 1000, 0, 0);

		assertThat(Remainder.of(account, carried, rounded)).isEqualTo(new Remainder(kind, old, next));
	}

}
