package io.tallygate.sandbox;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.function.IntSupplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * What happens once the web server listens: the demo is made, and then the console says
 * welcome, so that what it prints works when it is pasted. A thread of its own does both
 * and ends; stopping the application interrupts it.
 */
class SandboxStory implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(SandboxStory.class);

	private static final int AFTER_THE_WEB_SERVER = WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE + 1;

	private static final Duration STOP_MAX = Duration.ofSeconds(5);

	private final SandboxConsole console;

	private final IntSupplier port;

	private final Addresses addresses;

	private final KeptProperties progress;

	private final @Nullable DemoStory demo;

	private volatile @Nullable Thread thread;

	SandboxStory(SandboxConsole console, IntSupplier port, Addresses addresses, KeptProperties progress,
			@Nullable DemoStory demo) {
		this.console = console;
		this.port = port;
		this.addresses = addresses;
		this.progress = progress;
		this.demo = demo;
	}

	/**
	 * What the welcome names.
	 *
	 * @param publicUrl where people reach the gateway
	 * @param platformToken who may create agencies
	 * @param dataDirectory where everything is kept
	 */
	record Addresses(String publicUrl, String platformToken, String dataDirectory) {

		@Override
		public String toString() {
			return "Addresses[publicUrl=" + this.publicUrl + "]";
		}

	}

	@Override
	public void start() {
		Thread story = new Thread(this::run, "sandbox-story");
		story.setDaemon(true);
		this.thread = story;
		story.start();
	}

	private void run() {
		try {
			GatewayApi api = new GatewayApi(URI.create("http://127.0.0.1:" + this.port.getAsInt()));
			Welcome.DemoKeys keys = seeded(api);
			this.console.welcome(new Welcome(this.addresses.publicUrl(), api.serves("/portal"),
					this.addresses.platformToken(), keys, this.addresses.dataDirectory()));
		}
		catch (IOException ex) {
			logger.warn("The gateway does not answer its own sandbox: {}", ex.toString());
		}
		catch (InterruptedException ex) {
			logger.debug("Stopped before the demo was there; it goes on at the next start");
		}
	}

	/** A demo that cannot be made is said, and is no reason not to say welcome. */
	private Welcome.@Nullable DemoKeys seeded(GatewayApi api) throws InterruptedException {
		if (this.demo == null) {
			return null;
		}
		try {
			return new DemoSeed(api, this.progress, this.demo, this.addresses.platformToken())
				.seed(this.console::named);
		}
		catch (IOException | GatewayApi.Refused | IllegalStateException ex) {
			logger.warn("The demo is not complete, and goes on at the next start: {}", ex.getMessage());
			return null;
		}
	}

	@Override
	public void stop() {
		Thread story = this.thread;
		if (story != null) {
			story.interrupt();
			try {
				story.join(STOP_MAX.toMillis());
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			this.thread = null;
		}
	}

	@Override
	public boolean isRunning() {
		return this.thread != null;
	}

	@Override
	public int getPhase() {
		return AFTER_THE_WEB_SERVER;
	}

}
