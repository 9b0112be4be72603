/**
 * Tallygate relays AI requests and rebills their usage. The map, in the order in which a
 * request and then the money flow:
 * <ol>
 * <li>{@link io.tallygate.relay} takes the request, finds who calls and where it goes,
 * and passes the bytes;</li>
 * <li>{@link io.tallygate.provider} knows where the answer says what it used;</li>
 * <li>{@link io.tallygate.metering} opens and closes the exchange, writes the ledger and
 * folds it into the account;</li>
 * <li>{@link io.tallygate.outbox} cuts what is due from the account into meter events and
 * delivers them;</li>
 * <li>{@link io.tallygate.stripe} hands them to Stripe.</li>
 * </ol>
 * Beside the flow stand {@link io.tallygate.agency} and {@link io.tallygate.client} (who
 * resells, who is billed), {@link io.tallygate.billing} (the set-up at Stripe),
 * {@link io.tallygate.sandbox} (everything, without any key) and
 * {@link io.tallygate.core} (the words).
 */
@NullMarked
package io.tallygate;

import org.jspecify.annotations.NullMarked;
