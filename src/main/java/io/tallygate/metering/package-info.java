/**
 * From an admitted exchange to what a client owes: open and close in Redis, the ledger
 * and its accounts in PostgreSQL, and the sweeping up after instances that died.
 */
@NullMarked
package io.tallygate.metering;

import org.jspecify.annotations.NullMarked;
