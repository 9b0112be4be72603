package io.tallygate.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;
import io.tallygate.sandbox.stripe.Seed;

/**
 * The sandbox's Stripe in a process of its own: meter events go out while requests come
 * in.
 */
final class FakeStripeProcess {

	private FakeStripeProcess() {
	}

	/** Customers beside those of the demo. */
	static final int CUSTOMERS = 10_000;

	/**
	 * That each may have usage of: a million lanes may wait, and as many may have been
	 * served before.
	 */
	static final int METERS = 200;

	/**
	 * Listens on a port, with its journal in a directory, and with many customers if
	 * there is a third argument.
	 */
	public static void main(String[] args) throws InterruptedException {
		FakeStripe stripe = FakeStripe.start(FakeStripeOptions.in(Path.of(args[1]))
			.withPort(Integer.parseInt(args[0]))
			.withDemo()
			.withSeeds(args.length > 2 ? many() : List.of()));
		Runtime.getRuntime().addShutdownHook(new Thread(stripe::close));
		new CountDownLatch(1).await();
	}

	private static List<Seed> many() {
		List<Seed> seeds = new ArrayList<>();
		for (int i = 0; i < METERS; i++) {
			seeds.add(new Seed(DemoCatalogue.KEY, "/v1/billing/meters", meter(i), Map.of("display_name", "Units " + i,
					"event_name", eventName(i), "default_aggregation[formula]", "sum")));
		}
		for (int i = 0; i < CUSTOMERS; i++) {
			seeds.add(new Seed(DemoCatalogue.KEY, "/v1/customers", customer(i), Map.of("name", "Customer " + i)));
		}
		return seeds;
	}

	static String meter(int number) {
		return "mtr_bench_" + number;
	}

	static String eventName(int number) {
		return "bench_units_" + number;
	}

	static String customer(int number) {
		return "cus_bench_" + number;
	}

}
