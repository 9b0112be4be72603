/**
 * A dozen small types that every room speaks: ids, secrets, problems. No verbs; imports
 * nothing of ours.
 */
@NullMarked
package io.tallygate.core;

import org.jspecify.annotations.NullMarked;
