package io.tallygate.billing;

import java.util.List;
import java.util.Optional;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Which of an agency's clients an object at Stripe concerns. Row security keeps other
 * agencies' clients out.
 */
class ClientsAtStripe {

	private static final String CLIENT = """
			select c.id, c.stripe_customer_id, c.stripe_price_id, c.epoch, c.archived_at is not null as archived from client c
			""";

	private static final String FIND = CLIENT + """
			where c.id = :client and c.stripe_customer_id is not null and c.stripe_price_id is not null
			""";

	private static final String IS_THERE = "select exists (select from client where id = :client)";

	/** A client that has ended still has a last invoice, and is found by its lanes. */
	private static final String OF_CUSTOMER = CLIENT + """
			where c.stripe_price_id is not null and (c.stripe_customer_id = :id
			  or c.id in (select client_id from lane where customer = :id))
			order by c.id
			""";

	private static final String OF_PRICE = CLIENT + """
			where c.archived_at is null and c.stripe_price_id = :id and c.stripe_customer_id is not null
			order by c.id
			""";

	private static final String OF_PRODUCT = CLIENT + """
			where c.archived_at is null and c.stripe_product_id = :id and c.stripe_price_id is not null
			order by c.id
			""";

	private static final String OF_METER = CLIENT + """
			where c.archived_at is null and c.id in (select client_id from lane where meter_id = :id)
			  and c.stripe_price_id is not null
			order by c.id
			""";

	private final Database.OfTenant database;

	ClientsAtStripe(Database.OfTenant database) {
		this.database = database;
	}

	/**
	 * A client that Stripe bills.
	 *
	 * @param id ours
	 * @param customer Stripe's
	 * @param price that it is billed by
	 * @param epoch its current one
	 * @param archived whether it has ended
	 */
	record Found(ClientId id, String customer, String price, int epoch, boolean archived) {

		static Found of(Readable row) {
			return new Found(new ClientId(Row.text(row, "id")), Row.text(row, "stripe_customer_id"),
					Row.text(row, "stripe_price_id"), Row.get(row, "epoch", Integer.class),
					Boolean.TRUE.equals(row.get("archived", Boolean.class)));
		}

	}

	/** One client; empty for one that is not billed, or not this agency's. */
	Mono<Found> find(AgencyId agency, ClientId client) {
		return Uncancelled.of(this.database.as(agency,
				this.database.client().sql(FIND).bind("client", client.value()).map(Found::of).one()));
	}

	/** Whether it is a client of this agency, billed or not. */
	Mono<Boolean> isThere(AgencyId agency, ClientId client) {
		return Uncancelled.of(this.database.as(agency,
				this.database.client().sql(IS_THERE).bind("client", client.value()).mapValue(Boolean.class).one()));
	}

	Mono<List<Found>> ofCustomer(AgencyId agency, String customer) {
		return find(OF_CUSTOMER, agency, customer);
	}

	/**
	 * Those whom an object of this type concerns; none of a type that concerns nobody.
	 */
	Mono<List<Found>> concerned(AgencyId agency, @Nullable String type, @Nullable String id) {
		Optional<String> statement = switch (String.valueOf(type)) {
			case "customer" -> Optional.of(OF_CUSTOMER);
			case "price" -> Optional.of(OF_PRICE);
			case "product" -> Optional.of(OF_PRODUCT);
			case "billing.meter" -> Optional.of(OF_METER);
			default -> Optional.empty();
		};
		return (statement.isPresent() && id != null) ? find(statement.get(), agency, id) : Mono.just(List.of());
	}

	private Mono<List<Found>> find(String statement, AgencyId agency, String id) {
		return Uncancelled.of(this.database.as(agency,
				this.database.client().sql(statement).bind("id", id).map(Found::of).all().collectList()));
	}

}
