/**
 * The accounting in a world of its own: metering, cutting and delivery as they run in
 * production, over stores, a network, a Stripe and a clock that one seed decides about.
 */
package io.tallygate.simulation;
