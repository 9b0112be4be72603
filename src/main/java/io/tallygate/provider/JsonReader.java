package io.tallygate.provider;

import io.netty.buffer.ByteBuf;

/** Reads an answer that is one JSON object of any length. */
final class JsonReader implements BodyReader {

	private final Findings findings;

	private final AnswerScanner scanner;

	JsonReader(Findings findings) {
		this.findings = findings;
		this.scanner = findings.scanner();
	}

	@Override
	public int read(ByteBuf bytes, int from, int to) {
		int at = this.scanner.scan(bytes, from, to);
		while (at < to) {
			// Line ends mean nothing here.
			at = this.scanner.scan(bytes, at + 1, to);
		}
		return to;
	}

	@Override
	public Stop stop() {
		return Stop.BYTES;
	}

	@Override
	public int eventLength() {
		return 0;
	}

	@Override
	public int endLength() {
		return 0;
	}

	@Override
	public boolean isUsageAlone() {
		return false;
	}

	@Override
	public void complete() {
		// What was found counts as soon as it was.
	}

	@Override
	public Reading reading() {
		this.findings.usage(this.scanner.usage(), this.scanner.choiceUsage());
		this.findings.content(this.scanner.choiceSeen());
		this.findings.error(this.scanner.errorSeen());
		this.findings.id(this.scanner.id());
		return this.findings.reading();
	}

}
