package io.tallygate.simulation;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.scheduler.Scheduler;

/**
 * The way from one process to a server, in virtual time: calls and answers take a while,
 * and some are lost, the call or only its answer, or are carried out after the caller has
 * given up.
 */
public final class Wire {

	private static final Duration ANSWER_MAX = Duration.ofMillis(500);

	private static final int DELAY_MILLIS_MAX = 40;

	/** A call that arrives at all has arrived by then. */
	static final Duration ARRIVAL_MAX = ANSWER_MAX.plusMillis(DELAY_MILLIS_MAX * 30L);

	private final Scheduler server;

	private final Scheduler process;

	private final Random random;

	private final int troublePercent;

	/** Which of the servers that followed one another answers. */
	private final IntSupplier lives;

	private Runnable onNewConnection = () -> {
	};

	private int life = -1;

	private boolean healed;

	private boolean cut;

	private @Nullable Runnable beforeNextAnswer;

	/**
	 * @param server where calls are carried out
	 * @param lives which of the servers that followed one another answers
	 * @param process where answers are heard
	 * @param troublePercent how many calls of a hundred go wrong
	 */
	public Wire(Scheduler server, IntSupplier lives, Scheduler process, Random random, int troublePercent) {
		this.server = server;
		this.lives = lives;
		this.process = process;
		this.random = random;
		this.troublePercent = troublePercent;
	}

	/** From now on nothing is lost. */
	public void heal() {
		this.healed = true;
		this.cut = false;
	}

	/** Until it is joined again no call arrives. */
	public void cut() {
		this.cut = true;
	}

	/** Calls arrive again. */
	public void join() {
		this.cut = false;
	}

	/**
	 * Has {@code step} happen when the next call was carried out, before anybody hears of
	 * it.
	 */
	public void beforeNextAnswer(Runnable step) {
		this.beforeNextAnswer = step;
	}

	/**
	 * Carries out {@code work} when the call arrives; its value is the answer,
	 * {@code null} an empty one.
	 */
	public <T> Mono<T> call(Supplier<@Nullable T> work) {
		return Mono.create((sink) -> {
			boolean isTroubled = this.cut || (!this.healed && this.random.nextInt(100) < this.troublePercent);
			if (!isTroubled) {
				after(delay(), () -> arrive(work, sink));
				return;
			}
			this.process.schedule(() -> sink.error(new IllegalStateException("No answer came")), ANSWER_MAX.toMillis(),
					TimeUnit.MILLISECONDS);
			switch (this.cut ? 2 : this.random.nextInt(3)) {
				case 0 -> after(delay(), () -> arriveUnanswered(work));
				case 1 -> after(ANSWER_MAX.toMillis() + delay() * 30L, () -> arriveUnanswered(work));
				default -> {
					// The call never arrived.
				}
			}
		});
	}

	private <T> void arrive(Supplier<@Nullable T> work, MonoSink<T> sink) {
		if (!connect()) {
			this.process.schedule(() -> sink.error(new IllegalStateException("The connection was lost")), delay(),
					TimeUnit.MILLISECONDS);
			return;
		}
		int life = this.life;
		Runnable answer;
		try {
			T value = work.get();
			answer = () -> sink.success(value);
		}
		catch (RuntimeException ex) {
			answer = () -> sink.error(ex);
		}
		carriedOut();
		Runnable answered = answer;
		this.process.schedule(() -> {
			if (life == this.lives.getAsInt()) {
				answered.run();
			}
			else {
				sink.error(new IllegalStateException("The connection was lost"));
			}
		}, delay(), TimeUnit.MILLISECONDS);
	}

	private void arriveUnanswered(Supplier<?> work) {
		if (this.life != this.lives.getAsInt()) {
			return;
		}
		try {
			work.get();
		}
		catch (RuntimeException ex) {
			// Nobody hears of it.
		}
		carriedOut();
	}

	private void carriedOut() {
		Runnable step = this.beforeNextAnswer;
		if (step != null) {
			this.beforeNextAnswer = null;
			step.run();
		}
	}

	/**
	 * Whether the connection leads to the server that answers now; it does afterwards.
	 */
	private boolean connect() {
		boolean isTheSame = this.life == this.lives.getAsInt();
		boolean isTheFirst = this.life < 0;
		if (!isTheSame) {
			this.life = this.lives.getAsInt();
			this.onNewConnection.run();
		}
		return isTheSame || isTheFirst;
	}

	/** Calls {@code listener} before anything runs on a new connection. */
	public void onNewConnection(Runnable listener) {
		this.onNewConnection = listener;
	}

	/** Brings something to the process's notice after a while. */
	public void event(Runnable notice) {
		this.process.schedule(notice, delay(), TimeUnit.MILLISECONDS);
	}

	private int delay() {
		return this.random.nextInt(DELAY_MILLIS_MAX);
	}

	private void after(long millis, Runnable step) {
		this.server.schedule(step, millis, TimeUnit.MILLISECONDS);
	}

}
