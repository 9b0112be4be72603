package io.tallygate.bench;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;

/**
 * The sandbox's Stripe in a process of its own: meter events go out while requests come
 * in.
 */
final class FakeStripeProcess {

	private FakeStripeProcess() {
	}

	/** Listens on a port, with its journal in a directory. */
	public static void main(String[] args) throws InterruptedException {
		FakeStripe stripe = FakeStripe
			.start(FakeStripeOptions.in(Path.of(args[1])).withPort(Integer.parseInt(args[0])).withDemo());
		Runtime.getRuntime().addShutdownHook(new Thread(stripe::close));
		new CountDownLatch(1).await();
	}

}
