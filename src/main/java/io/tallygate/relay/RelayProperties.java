package io.tallygate.relay;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What the data plane holds, and for how long.
 *
 * @param bufferedBytesMax bodies held at once, of all requests and of answers that go out
 * whole; above it new requests are answered 503, and answers go out part by part
 * @param headTimeMax longest time from a request's first byte to the end of its head
 * @param bodyPauseMax longest pause between two parts of a request's body
 * @param bodyTimeMax longest time until a request's body is there, however steadily its
 * parts come
 * @param clientIdleMax how long a client's connection without a request is kept; should
 * be longer than that of what stands before the gateway
 * @param wholeAnswerMax up to this size a JSON answer is sent in one piece, after it was
 * counted; a larger one is streamed and its last part waits for the count
 * @param connectTimeout longest wait for a connection to a provider
 * @param connectionsMax connections to one provider host, per event loop
 * @param connectionIdleMax how long an unused connection to a provider is kept
 * @param drainsMax answers read to their end at once for clients that hung up; more means
 * fewer estimates and more providers kept busy for nobody
 * @param drainTimeMax longest reading of one such answer after the client left
 * @param drainBytesMax most bytes of one such answer read after the client left
 * @param clientStallMax a client that reads nothing at all of a waiting stream for so
 * long has hung up; a slow one has not
 * @param workersMax threads for what takes too long for an event loop: estimates and the
 * reading of large requests
 * @param modelListTimeout longest wait for a provider's list of models
 */
@ConfigurationProperties("tallygate.relay")
record RelayProperties(@DefaultValue("256MB") DataSize bufferedBytesMax, @DefaultValue("30s") Duration headTimeMax,
		@DefaultValue("30s") Duration bodyPauseMax, @DefaultValue("5m") Duration bodyTimeMax,
		@DefaultValue("5m") Duration clientIdleMax, @DefaultValue("1MB") DataSize wholeAnswerMax,
		@DefaultValue("5s") Duration connectTimeout, @DefaultValue("5000") int connectionsMax,
		@DefaultValue("30s") Duration connectionIdleMax, @DefaultValue("1000") int drainsMax,
		@DefaultValue("10m") Duration drainTimeMax, @DefaultValue("64MB") DataSize drainBytesMax,
		@DefaultValue("60s") Duration clientStallMax, @DefaultValue("4") int workersMax,
		@DefaultValue("10s") Duration modelListTimeout) {
}
