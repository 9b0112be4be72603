/**
 * The accounting among real processes: PostgreSQL, Redis and two gateways under load,
 * which are killed, frozen and cut off as one seed will have it, while a provider and a
 * Stripe that nobody touches write down what they were told.
 */
package io.tallygate.nemesis;
