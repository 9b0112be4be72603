/**
 * The bench: what a request and a chunk cost here, beside what they cost elsewhere. A
 * mock provider, a load and the gateways under it run on one machine, in processes of
 * their own; only ratios between them are worth comparing.
 */
@NullMarked
package io.tallygate.bench;

import org.jspecify.annotations.NullMarked;
