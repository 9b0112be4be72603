package io.tallygate.bench;

import java.util.Locale;

/** What is measured of a target under a load. Times are in microseconds. */
enum Figure {

	/** Answers a second. */
	RATE,
	/** CPU of the target's process, a request or a chunk. */
	CPU,
	/** Of the CPU that of the JVM's compilers. */
	COMPILER,
	/** CPU of its Redis, a request or a chunk. */
	REDIS,
	/** CPU of its PostgreSQL, a request or a chunk. */
	POSTGRES,
	/** From the planned start to the last byte of a whole answer. */
	WHOLE_P50, WHOLE_P99,
	/** From the planned start to the first chunk of a stream. */
	FIRST_P50, FIRST_P99,
	/** From the provider's write to the client's read of a chunk. */
	CHUNK_P50, CHUNK_P99,
	/** From the provider's write of the last chunk to the end of the stream. */
	LAST_P50, LAST_P99,
	/** Bytes of live heap, an open stream. */
	HEAP,
	/** Of the heap, objects of these libraries' classes. */
	HEAP_TALLYGATE, HEAP_REACTOR_NETTY, HEAP_REACTOR, HEAP_NETTY, HEAP_SPRING,
	/** Of the heap, arrays, texts, maps and all else. */
	HEAP_JAVA,
	/** Milliseconds that provider's streams went on for after their clients had left. */
	WENT_ON,
	/** Of those, how many in a hundred were read to their end. */
	READ_TO_END,
	/** CPU that nothing of the bench used, in a hundred of one core. */
	NOISE;

	String key() {
		return name().toLowerCase(Locale.ROOT);
	}

}
