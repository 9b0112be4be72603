/**
 * What a model API speaks: its address and credential, its dialect, and where usage
 * stands in its JSON and SSE. Pure: no web, no database.
 */
@NullMarked
package io.tallygate.provider;

import org.jspecify.annotations.NullMarked;
