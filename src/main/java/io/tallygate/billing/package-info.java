/**
 * Use cases on Stripe: an agency's connection and a client's terms.
 */
@NullMarked
package io.tallygate.billing;

import org.jspecify.annotations.NullMarked;
