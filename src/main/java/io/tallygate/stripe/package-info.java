/**
 * The only room that speaks to Stripe: com.stripe is imported nowhere else.
 */
@NullMarked
package io.tallygate.stripe;

import org.jspecify.annotations.NullMarked;
