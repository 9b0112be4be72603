/**
 * Who is billed and for what: clients, channels, channel keys, charge policies and their
 * epochs.
 */
@NullMarked
package io.tallygate.client;

import org.jspecify.annotations.NullMarked;
