package io.tallygate.metering;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;

/**
 * Text as UTF-8, without the buffer that the driver's own codec takes from the allocator,
 * and gives back, for each argument of a call: of those a batch has hundreds.
 */
enum TextCodec implements RedisCodec<String, String> {

	INSTANCE;

	@Override
	public ByteBuffer encodeKey(String key) {
		return encodeValue(key);
	}

	@Override
	public ByteBuffer encodeValue(String value) {
		return ByteBuffer.wrap(value.getBytes(StandardCharsets.UTF_8));
	}

	@Override
	public String decodeKey(ByteBuffer bytes) {
		return StringCodec.UTF8.decodeKey(bytes);
	}

	@Override
	public String decodeValue(ByteBuffer bytes) {
		return StringCodec.UTF8.decodeValue(bytes);
	}

}
