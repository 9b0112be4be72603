package io.tallygate.billing;

import java.util.List;

import io.tallygate.core.Caller;
import io.tallygate.core.Page;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeProduct;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What the agency's key sees at Stripe, slimmed, to pick from. */
@RestController
@RequestMapping("/admin/v1/stripe")
class StripePicksController {

	private final StripeCatalogue catalogue;

	StripePicksController(StripeCatalogue catalogue) {
		this.catalogue = catalogue;
	}

	@GetMapping("/products")
	Mono<Page<StripeProduct>> products(Caller.OfAgency caller) {
		return page(this.catalogue.products(caller.agency()));
	}

	/** Prices, of one product or of all, only those that read a meter if wanted. */
	@GetMapping("/prices")
	Mono<Page<StripePrice>> prices(Caller.OfAgency caller, @RequestParam(defaultValue = "false") boolean metered,
			@RequestParam(required = false) @Nullable String product) {
		return page(this.catalogue.prices(caller.agency(), product)
			.map((prices) -> prices.stream().filter((price) -> !metered || price.isMetered()).toList()));
	}

	@GetMapping("/meters")
	Mono<Page<StripeMeter>> meters(Caller.OfAgency caller) {
		return page(this.catalogue.meters(caller.agency()));
	}

	/** Customers by id, e-mail address or name; the newest without a query. */
	@GetMapping("/customers")
	Mono<Page<StripeCustomer>> customers(Caller.OfAgency caller,
			@RequestParam(required = false) @Nullable String query) {
		return page(this.catalogue.customers(caller.agency(), query));
	}

	private static <T> Mono<Page<T>> page(Mono<List<T>> found) {
		return found.map((data) -> new Page<>(data, false)).onErrorMap(StripeProblems::told);
	}

}
