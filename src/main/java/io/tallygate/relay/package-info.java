/**
 * The data plane: who is calling, may they, which provider, pass the bytes, tap the
 * usage.
 */
@NullMarked
package io.tallygate.relay;

import org.jspecify.annotations.NullMarked;
