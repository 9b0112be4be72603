/**
 * Meter events: cut from accounts when a lane is free, delivered to Stripe, parked or
 * replaced.
 */
@NullMarked
package io.tallygate.outbox;

import org.jspecify.annotations.NullMarked;
