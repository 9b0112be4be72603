package io.tallygate.provider;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import org.jspecify.annotations.Nullable;

/**
 * Follows the JSON of an answer, or of one chunk of it, byte by byte and however it is
 * cut. It knows at every byte where in the structure it is, so a usage report counts only
 * where providers put one, and text that looks like one does not.
 * <p>
 * Nothing is kept but the usage object itself, the id and, if wanted, the text. The
 * structure is followed rather than checked: where it cannot be JSON, scanning stops.
 */
final class AnswerScanner {

	/** A longer usage object is cut off, and so not believed. */
	static final int USAGE_BYTES_MAX = 64 * 1024;

	/** Longer ids are not taken. */
	static final int ID_LENGTH_MAX = 128;

	/** Deeper answers are not read. */
	static final int DEPTH_MAX = 64;

	/** Stops at what ends a stretch of plain characters in a string. */
	private static final ByteProcessor PLAIN = (value) -> value != '"' && value != '\\' && value != '\n'
			&& value != '\r';

	/** Where a value stands, as far as it matters. */
	private enum Place {

		OUTSIDE, ROOT, GROQ, CHOICES, CHOICE, DELTA, PARTS, NOTED, ELSEWHERE

	}

	/** What becomes of the characters of a string. */
	private enum Sink {

		NONE, NAME, ID, TEXT

	}

	private final AnswerField spoken;

	private final @Nullable KeptText text;

	private final Bytes name = new Bytes();

	private final Bytes id = new Bytes();

	private final Bytes usageObject = new Bytes();

	/** The place of each open container, outermost first; deeper ones are elsewhere. */
	private final Place[] places = new Place[12];

	/** One bit for each open container: set where it is an array. */
	private long arrays;

	private int depth;

	private boolean stopped;

	private boolean inString;

	private boolean escaped;

	private boolean inLiteral;

	private boolean expectsName;

	private Sink sink = Sink.NONE;

	private AnswerField field = AnswerField.OTHER;

	/** The depth at which the usage object closes, 0 while none is open. */
	private int usageDepth;

	private boolean usageOfChoice;

	private int objects;

	private boolean usageSeen;

	private @Nullable Usage usage;

	private @Nullable Usage choiceUsage;

	private boolean choiceSeen;

	private boolean contentSeen;

	private boolean errorSeen;

	/**
	 * A scanner of one answer.
	 * @param spoken where a choice has the model's words: some providers repeat in each
	 * chunk's {@code message} what the deltas have said so far
	 * @param text where to keep the words, if they are wanted
	 */
	AnswerScanner(AnswerField spoken, @Nullable KeptText text) {
		this.spoken = spoken;
		this.text = text;
	}

	/** Ready for the next chunk; the id stays. */
	void reset() {
		this.arrays = 0;
		this.depth = 0;
		this.stopped = false;
		this.inString = false;
		this.escaped = false;
		this.inLiteral = false;
		this.expectsName = false;
		this.sink = Sink.NONE;
		this.usageDepth = 0;
		this.objects = 0;
		this.usageSeen = false;
		this.usage = null;
		this.choiceUsage = null;
		this.choiceSeen = false;
		this.contentSeen = false;
		this.errorSeen = false;
	}

	/**
	 * Follows these bytes up to a line end.
	 * @return where the line end is, or {@code to}
	 */
	int scan(ByteBuf bytes, int from, int to) {
		if (this.stopped) {
			return lineEnd(bytes, from, to);
		}
		int copied = from;
		int at = from;
		while (at < to && !this.stopped) {
			if (this.inString) {
				at = string(bytes, at, to);
				if (at < to && this.inString) {
					break;
				}
				continue;
			}
			byte next = bytes.getByte(at);
			if (next == '\n' || next == '\r') {
				this.inLiteral = false;
				break;
			}
			boolean inUsage = this.usageDepth > 0;
			structure(next);
			if (!inUsage && this.usageDepth > 0) {
				copied = at;
			}
			at++;
			if (inUsage && this.usageDepth == 0) {
				copyUsage(bytes, copied, at);
				readUsage();
			}
		}
		if (this.usageDepth > 0) {
			copyUsage(bytes, copied, at);
		}
		return this.stopped ? lineEnd(bytes, at, to) : at;
	}

	/** Whether no object is open, so that something else may stand here. */
	boolean isOutside() {
		return this.depth == 0 || this.stopped;
	}

	/** What is here is not an answer's JSON. */
	void stop() {
		this.stopped = true;
	}

	/**
	 * Whether this is one whole object that tells the usage and has no choice in it: the
	 * chunk that a provider adds when it is asked for the usage of a stream.
	 */
	boolean isUsageAlone() {
		return this.objects == 1 && this.depth == 0 && !this.stopped && this.usageSeen && !this.choiceSeen
				&& !this.errorSeen;
	}

	/** The last valid report where one belongs. */
	@Nullable Usage usage() {
		return this.usage;
	}

	/** The last valid report inside a choice. */
	@Nullable Usage choiceUsage() {
		return this.choiceUsage;
	}

	/** Whether {@code choices} held anything. */
	boolean choiceSeen() {
		return this.choiceSeen;
	}

	/** Whether a choice held anything that the model made. */
	boolean contentSeen() {
		return this.contentSeen;
	}

	boolean errorSeen() {
		return this.errorSeen;
	}

	@Nullable String id() {
		return (this.id.length() == 0 || this.id.length() > ID_LENGTH_MAX) ? null
				: new String(this.id.array(), 0, this.id.length(), StandardCharsets.UTF_8);
	}

	/** Follows a string to its end, a line end or {@code to}. */
	private int string(ByteBuf bytes, int from, int to) {
		int at = from;
		while (at < to) {
			if (this.escaped) {
				this.escaped = false;
				take(bytes, at, 1);
				at++;
				continue;
			}
			int plain = bytes.forEachByte(at, to - at, PLAIN);
			int stop = (plain < 0) ? to : plain;
			take(bytes, at, stop - at);
			at = stop;
			if (at == to) {
				break;
			}
			byte next = bytes.getByte(at);
			if (next == '"') {
				endString();
				return at + 1;
			}
			if (next != '\\') {
				return at;
			}
			take(bytes, at, 1);
			this.escaped = true;
			at++;
		}
		return at;
	}

	private void take(ByteBuf bytes, int at, int count) {
		if (count == 0 || this.sink == Sink.NONE) {
			return;
		}
		switch (this.sink) {
			case NAME -> this.name.append(bytes, at, Math.min(count, AnswerField.LENGTH_MAX + 1 - this.name.length()));
			case ID -> this.id.append(bytes, at, Math.min(count, ID_LENGTH_MAX + 1 - this.id.length()));
			case TEXT -> {
				this.contentSeen = true;
				if (this.text != null) {
					this.text.append(bytes, at, count);
				}
			}
			default -> throw new IllegalStateException();
		}
	}

	private void endString() {
		this.inString = false;
		if (this.sink == Sink.NAME) {
			this.field = AnswerField.named(this.name.array(), this.name.length());
		}
		this.sink = Sink.NONE;
	}

	private void structure(byte next) {
		switch (next) {
			case ' ', '\t' -> this.inLiteral = false;
			case '"' -> {
				this.inLiteral = false;
				if (this.depth == 0) {
					this.stopped = true;
				}
				else if (this.expectsName) {
					beginName();
				}
				else {
					this.sink = stringValue();
				}
				this.inString = true;
			}
			case '{', '[' -> open(next == '[');
			case '}', ']' -> close(next == ']');
			case ':' -> {
				this.stopped = this.depth == 0;
				this.expectsName = false;
			}
			case ',' -> {
				this.stopped = this.depth == 0;
				this.inLiteral = false;
				this.expectsName = !inArray();
			}
			default -> {
				if (this.depth == 0) {
					this.stopped = true;
				}
				else if (!this.inLiteral) {
					this.inLiteral = true;
					literal(next);
				}
			}
		}
	}

	private void beginName() {
		this.field = AnswerField.OTHER;
		this.name.clear();
		this.sink = (place() != Place.ELSEWHERE && place() != Place.NOTED) ? Sink.NAME : Sink.NONE;
	}

	private Sink stringValue() {
		element();
		boolean isText = switch (place()) {
			case CHOICE -> this.field == AnswerField.TEXT;
			case DELTA -> isSpoken(this.field);
			case PARTS -> isPartText(this.field);
			default -> false;
		};
		if (isText) {
			return Sink.TEXT;
		}
		if (place() == Place.ROOT && this.field == AnswerField.ERROR) {
			this.errorSeen = true;
		}
		boolean isId = place() == Place.ROOT && this.field == AnswerField.ID && this.id.length() == 0;
		return isId ? Sink.ID : Sink.NONE;
	}

	private void literal(byte first) {
		element();
		if (place() == Place.ROOT && this.field == AnswerField.ERROR && first != 'n' && first != 'f') {
			this.errorSeen = true;
		}
	}

	/** Anything at all in one of these containers is something. */
	private void element() {
		switch (place()) {
			case CHOICES -> this.choiceSeen = true;
			case PARTS, NOTED -> this.contentSeen = true;
			default -> {
			}
		}
	}

	private void open(boolean array) {
		Place opened = (this.depth == 0) ? outermost(array) : inside(array);
		if (this.depth == DEPTH_MAX || this.stopped) {
			this.stopped = true;
			return;
		}
		if (this.depth < this.places.length) {
			this.places[this.depth] = opened;
		}
		long bit = 1L << this.depth;
		this.arrays = array ? this.arrays | bit : this.arrays & ~bit;
		this.depth++;
		this.inLiteral = false;
		this.expectsName = !array;
		this.field = AnswerField.OTHER;
	}

	private Place outermost(boolean array) {
		this.stopped = array;
		this.objects++;
		return Place.ROOT;
	}

	private Place inside(boolean array) {
		element();
		return switch (place()) {
			case ROOT -> insideRoot(array);
			case GROQ -> {
				beginUsage(array, false);
				yield Place.ELSEWHERE;
			}
			case CHOICES -> array ? Place.ELSEWHERE : Place.CHOICE;
			case CHOICE -> {
				beginUsage(array, true);
				boolean isDelta = !array && this.field == this.spoken;
				yield isDelta ? Place.DELTA : Place.ELSEWHERE;
			}
			case DELTA -> insideDelta();
			case PARTS -> Place.PARTS;
			case NOTED -> Place.NOTED;
			default -> Place.ELSEWHERE;
		};
	}

	private Place insideRoot(boolean array) {
		beginUsage(array, false);
		this.usageSeen = this.usageSeen || this.usageDepth > 0;
		return switch (this.field) {
			case CHOICES -> array ? Place.CHOICES : Place.ELSEWHERE;
			case X_GROQ -> array ? Place.ELSEWHERE : Place.GROQ;
			case ERROR -> {
				this.errorSeen = true;
				yield Place.ELSEWHERE;
			}
			default -> Place.ELSEWHERE;
		};
	}

	private Place insideDelta() {
		return switch (this.field) {
			case CONTENT, REASONING, REASONING_CONTENT, REFUSAL, TOOL_CALLS, FUNCTION_CALL -> Place.PARTS;
			case REASONING_DETAILS, AUDIO, IMAGES -> Place.NOTED;
			default -> Place.ELSEWHERE;
		};
	}

	private static boolean isSpoken(AnswerField field) {
		return switch (field) {
			case CONTENT, REASONING, REASONING_CONTENT, REFUSAL -> true;
			default -> false;
		};
	}

	private static boolean isPartText(AnswerField field) {
		return switch (field) {
			case TEXT, THINKING, REFUSAL, NAME, ARGUMENTS -> true;
			default -> false;
		};
	}

	private void beginUsage(boolean array, boolean ofChoice) {
		if (!array && this.usageDepth == 0 && this.field == AnswerField.USAGE) {
			this.usageDepth = this.depth + 1;
			this.usageOfChoice = ofChoice;
			this.usageObject.clear();
		}
	}

	private void close(boolean array) {
		if (this.depth == 0 || array != inArray()) {
			this.stopped = true;
			return;
		}
		if (this.depth == this.usageDepth) {
			this.usageDepth = 0;
		}
		this.depth--;
		this.inLiteral = false;
		this.expectsName = false;
		this.field = AnswerField.OTHER;
	}

	private void copyUsage(ByteBuf bytes, int from, int to) {
		int room = USAGE_BYTES_MAX - this.usageObject.length();
		this.usageObject.append(bytes, from, Math.min(to - from, room));
	}

	private void readUsage() {
		Usage read = UsageReport.read(this.usageObject);
		if (read != null && this.usageOfChoice) {
			this.choiceUsage = read;
		}
		else if (read != null) {
			this.usage = read;
		}
	}

	private Place place() {
		return (this.depth == 0) ? Place.OUTSIDE
				: (this.depth <= this.places.length) ? this.places[this.depth - 1] : Place.ELSEWHERE;
	}

	private boolean inArray() {
		return this.depth > 0 && (this.arrays & (1L << (this.depth - 1))) != 0;
	}

	private static int lineEnd(ByteBuf bytes, int from, int to) {
		int end = (from < to) ? bytes.forEachByte(from, to - from, ByteProcessor.FIND_CRLF) : -1;
		return (end < 0) ? to : end;
	}

}
