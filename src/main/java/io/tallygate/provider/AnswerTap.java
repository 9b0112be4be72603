package io.tallygate.provider;

import java.util.Locale;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Watches the bytes of one provider answer on their way to the client. One instance an
 * answer, one thread at a time.
 * <p>
 * The bytes are passed on exactly as they came and as soon as they came, but for two
 * things: the end of a stream ({@code [DONE]}) is held until it is released, and the
 * usage chunk that the client did not ask for is taken out. Nothing is taken out of a
 * compressed answer: it is read through an inflated copy.
 */
public interface AnswerTap extends AutoCloseable {

	/**
	 * A tap for one answer.
	 * @param stream whether the request asked for a stream or the content type says so;
	 * an answer that begins otherwise is read as what it is
	 * @param contentEncoding the answer's {@code Content-Encoding}; one that cannot be
	 * read passes unread
	 * @param hidesUsageChunk whether to take out the chunk that only tells the usage
	 * @param keepsText whether to keep the answer's text for an estimate
	 */
	static AnswerTap of(boolean stream, @Nullable String contentEncoding, boolean hidesUsageChunk, boolean keepsText) {
		String encoding = (contentEncoding != null) ? contentEncoding.trim().toLowerCase(Locale.ROOT) : "";
		return switch (encoding) {
			case "", "identity" -> new PlainTap(stream, hidesUsageChunk, keepsText);
			case "gzip", "x-gzip" -> new InflatingTap(stream, new Inflation(true), keepsText);
			case "deflate" -> new InflatingTap(stream, new Inflation(false), keepsText);
			default -> new UnreadTap();
		};
	}

	/**
	 * Takes over these bytes and gives back what may be passed on now, possibly nothing;
	 * the caller releases what it is given.
	 */
	ByteBuf next(ByteBuf bytes);

	/**
	 * Whether the end of the stream ({@code [DONE]}) has begun: everything from there on
	 * is held until {@link #release()}, and the reading is final.
	 */
	boolean ended();

	/** The held end of the stream; whatever comes after passes through. */
	ByteBuf release();

	/**
	 * The body has ended: gives back the bytes of an unfinished event, if any were held
	 * back, but neither a usage chunk to be hidden nor what awaits {@link #release()}.
	 */
	ByteBuf complete();

	/** What has been read so far; final after {@link #ended()} or {@link #complete()}. */
	Reading reading();

	/** Lets go of everything still held. */
	@Override
	void close();

}
