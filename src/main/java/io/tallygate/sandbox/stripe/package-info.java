/**
 * A Stripe of our own for the sandbox and the tests: usage-based billing over Stripe's
 * wire format, with its rules, its refusals and a memory that survives restarts.
 */
@NullMarked
package io.tallygate.sandbox.stripe;

import org.jspecify.annotations.NullMarked;
