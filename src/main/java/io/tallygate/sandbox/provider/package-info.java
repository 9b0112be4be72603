/**
 * A model API of our own for the sandbox and the tests: speaks OpenAI's chat completions,
 * at a pace, with answers that are the same every time and usage that can be counted
 * again.
 */
@NullMarked
package io.tallygate.sandbox.provider;

import org.jspecify.annotations.NullMarked;
