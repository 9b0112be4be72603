/**
 * What starts when nothing is configured: embedded PostgreSQL and Redis, a fake model
 * provider, a fake Stripe, and the demo agency. Nobody imports this room.
 */
@NullMarked
package io.tallygate.sandbox;

import org.jspecify.annotations.NullMarked;
