package io.tallygate.fault;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * This test shows what is expected when these rows of the fault matrix happen
 * (docs/fault-matrix.md). What is expected stands in {@code fault-matrix.yaml}, once.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Matrix {

	/** Numbers of rows. */
	int[] value();

}
