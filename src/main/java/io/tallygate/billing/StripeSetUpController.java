package io.tallygate.billing;

import io.tallygate.client.CustomerBody;
import io.tallygate.client.StripeGuard;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.Caller;
import io.tallygate.core.Faults;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripeProduct;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Makes at Stripe what an agency sells by use, without leaving the gateway. */
@RestController
@RequestMapping("/admin/v1/stripe")
class StripeSetUpController {

	private final CatalogueSetUp setUp;

	StripeSetUpController(CatalogueSetUp setUp) {
		this.setUp = setUp;
	}

	/** A meter that adds up what is reported under its event name. */
	@PostMapping("/meters")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<StripeMeter> createMeter(Caller.OfAgency caller, AdminRequest request, @RequestBody StripeBodies.Meter body) {
		StripeBodies.Meter.NewMeter meter = body.checked();
		return this.setUp.meter(caller.agency(), request, meter.displayName(), meter.eventName());
	}

	/** The meter takes no more events; clients that report to it are looked at. */
	@PostMapping("/meters/{id}/deactivate")
	Mono<StripeMeter> deactivateMeter(Caller.OfAgency caller, AdminRequest request, @PathVariable String id) {
		return this.setUp.switchMeter(caller.agency(), request, id, false);
	}

	/** The meter takes events again. */
	@PostMapping("/meters/{id}/reactivate")
	Mono<StripeMeter> reactivateMeter(Caller.OfAgency caller, AdminRequest request, @PathVariable String id) {
		return this.setUp.switchMeter(caller.agency(), request, id, true);
	}

	@PostMapping("/products")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<StripeProduct> createProduct(Caller.OfAgency caller, AdminRequest request,
			@RequestBody StripeBodies.Product body) {
		StripeBodies.Product.NewProduct product = body.checked();
		return this.setUp.product(caller.agency(), request, product.name(), product.description());
	}

	/** A price that bills what a meter counted, each unit or in packages. */
	@PostMapping("/prices")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<PriceView> createPrice(Caller.OfAgency caller, AdminRequest request, @RequestBody StripeBodies.Price body) {
		return this.setUp.price(caller.agency(), request, body.checked()).map(PriceView::of);
	}

	@PostMapping("/customers")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<StripeCustomer> createCustomer(Caller.OfAgency caller, AdminRequest request, @RequestBody CustomerBody body) {
		Faults faults = new Faults();
		StripeGuard.CustomerToMake customer = body.checked(faults, "");
		faults.throwIfAny();
		return this.setUp.customer(caller.agency(), request, StripeTermsGuard.inStripesWords(customer));
	}

}
