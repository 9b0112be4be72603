/**
 * Who resells: agencies, their admin tokens, their providers and their sealed keys.
 */
@NullMarked
package io.tallygate.agency;

import org.jspecify.annotations.NullMarked;
