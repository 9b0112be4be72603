package io.tallygate.billing;

import io.tallygate.core.Caller;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
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
	Mono<Page<StripeProduct>> products(Caller.OfAgency caller, PageRequest page) {
		return told(this.catalogue.products(caller.agency(), page));
	}

	/** Prices, of one product or of all, only those that read a meter if wanted. */
	@GetMapping("/prices")
	Mono<Page<PriceView>> prices(Caller.OfAgency caller, @RequestParam(defaultValue = "false") boolean metered,
			@RequestParam(required = false) @Nullable String product, PageRequest page) {
		return told(this.catalogue.prices(caller.agency(), product, metered, page))
			.map((prices) -> prices.map(PriceView::of));
	}

	@GetMapping("/meters")
	Mono<Page<StripeMeter>> meters(Caller.OfAgency caller, PageRequest page) {
		return told(this.catalogue.meters(caller.agency(), page));
	}

	/** Customers by id, e-mail address or name; the newest without a query. */
	@GetMapping("/customers")
	Mono<Page<StripeCustomer>> customers(Caller.OfAgency caller, @RequestParam(required = false) @Nullable String query,
			PageRequest page) {
		return told(this.catalogue.customers(caller.agency(), query, page));
	}

	private static <T> Mono<T> told(Mono<T> found) {
		return found.onErrorMap(StripeProblems::told);
	}

}
