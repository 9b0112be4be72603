package io.tallygate.metering;

import java.time.Instant;
import java.util.Random;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Limits;
import io.tallygate.client.Report;
import io.tallygate.client.Terms;
import io.tallygate.client.TokenWeights;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.RequestId;
import io.tallygate.provider.Usage;
import io.tallygate.support.TestServers.TestDatabase;

/** Exchanges for tests, and the agency, client and channel that they need. */
final class Exchanges {

	static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

	/** A minute before a period ends. */
	static final Instant MONTHS_END = Instant.parse("2026-11-30T23:59:00Z");

	static final Ids IDS = new Ids(Instant::now, new Random());

	private Exchanges() {
	}

	static Terms terms(long billingUnit) {
		return new Terms(new AgencyId(IDS.next("agy_")), new ClientId(IDS.next("cli_")), 1,
				new ChargePolicy(ChargeBy.TOKENS, billingUnit, Report.UNITS, TokenWeights.ONE));
	}

	/** Terms of a client that pays by messages, under these limits. */
	static Terms terms(Limits limits) {
		return new Terms(new AgencyId(IDS.next("agy_")), new ClientId(IDS.next("cli_")), 1,
				new ChargePolicy(ChargeBy.MESSAGES, 1, Report.UNITS, TokenWeights.ONE), limits);
	}

	/** A hard cap of so many messages. */
	static Limits cap(long messages) {
		return new Limits(null, messages * ChargePolicy.THOUSANDTHS, null, null);
	}

	static Opening opening(Terms terms) {
		return opening(terms, 5000);
	}

	static Opening opening(Terms terms, long tokens) {
		return new Opening(new RequestId(IDS.next("req_")), new ChannelId(IDS.next("chn_")), terms,
				terms.policy().quantityMax(0, tokens), tokens, NOON);
	}

	static Outcome billed(long tokens) {
		return new Outcome(null, "gpt-test", "chat.completions", Outcome.Status.BILLED, Usage.of(tokens, 0), 1, 200,
				false, false, null, 12, null);
	}

	static Entry entry(Terms terms, long tokens, Instant at) {
		Opening opening = opening(terms);
		return new Entry(opening.request(), terms.agency(), new AccountKey(terms.client(), terms.epoch()),
				opening.channel(), ChargeBy.TOKENS, tokens * ChargePolicy.THOUSANDTHS, at, "ins_test", billed(tokens));
	}

	/** The same of another model. */
	static Entry withModel(Entry entry, String model) {
		Outcome odd = new Outcome(null, model, "chat.completions", Outcome.Status.BILLED, entry.outcome().usage(), 1,
				200, false, false, null, 1, null);
		return new Entry(entry.request(), entry.agency(), entry.account(), entry.channel(), entry.chargeBy(),
				entry.quantity(), entry.occurredAt(), entry.instance(), odd);
	}

	/** The rows that the client room would have written. */
	static void register(TestDatabase database, Terms terms) {
		database.execute("insert into agency (id, name) values ('" + terms.agency() + "', 'a') on conflict do nothing");
		database.execute("insert into client (id, agency_id, nickname, platform) values ('" + terms.client() + "', '"
				+ terms.agency() + "', 'c', 'api') on conflict do nothing");
		database.execute(
				"insert into epoch (client_id, epoch, agency_id, charge_by, billing_unit, report, divisor) values ('"
						+ terms.client() + "', " + terms.epoch() + ", '" + terms.agency() + "', '"
						+ terms.policy().chargeBy().text() + "', " + terms.policy().billingUnit() + ", 'units', "
						+ terms.policy().divisor() + ")");
		database.execute("insert into account (client_id, epoch, agency_id, divisor) values ('" + terms.client() + "', "
				+ terms.epoch() + ", '" + terms.agency() + "', " + terms.policy().divisor() + ")");
	}

}
