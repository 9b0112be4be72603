package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

import io.tallygate.sandbox.provider.Transcript;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * What the provider told its callers, a line an answer, on the disk before an answer's
 * usage leaves. All that wait share one wait for the disk.
 */
final class TranscriptFile implements Transcript.Witness, AutoCloseable {

	private static final int AT_ONCE_MAX = 1000;

	private final BlockingQueue<Told> waiting = new LinkedBlockingQueue<>();

	private final FileChannel file;

	private final Consumer<Transcript.Answer> listener;

	private final Thread writer = new Thread(this::run, "provider-transcript");

	/**
	 * An answer that waits to leave.
	 *
	 * @param answer to be written down
	 * @param written when it is
	 */
	private record Told(Transcript.Answer answer, CompletableFuture<Void> written) {
	}

	/**
	 * Begins a file.
	 * @param listener hears each answer before it leaves
	 */
	TranscriptFile(Path path, Consumer<Transcript.Answer> listener) {
		this.listener = listener;
		try {
			this.file = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.writer.setDaemon(true);
		this.writer.start();
	}

	@Override
	public Mono<Void> heard(Transcript.Answer answer) {
		Told told = new Told(answer, new CompletableFuture<>());
		this.waiting.add(told);
		return Mono.fromFuture(told.written(), true).publishOn(Schedulers.parallel());
	}

	private void run() {
		List<Told> batch = new ArrayList<>();
		try {
			while (true) {
				batch.add(this.waiting.take());
				this.waiting.drainTo(batch, AT_ONCE_MAX);
				write(batch);
				batch.forEach((told) -> {
					this.listener.accept(told.answer());
					told.written().complete(null);
				});
				batch.clear();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (IOException ex) {
			// Nobody is answered any more: the run fails, and says why.
			throw new UncheckedIOException(ex);
		}
	}

	private void write(List<Told> batch) throws IOException {
		StringBuilder lines = new StringBuilder();
		for (Told told : batch) {
			Transcript.Answer answer = told.answer();
			lines.append(
					"{\"request_id\":\"%s\",\"user\":\"%s\",\"total_tokens\":%d,\"reported\":%b,\"ending\":\"%s\"}\n"
						.formatted(answer.requestId(), answer.user(), answer.totalTokens(), answer.isReported(),
								answer.ending()));
		}
		ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8));
		while (bytes.hasRemaining()) {
			this.file.write(bytes);
		}
		this.file.force(false);
	}

	@Override
	public void close() {
		this.writer.interrupt();
		try {
			this.file.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
