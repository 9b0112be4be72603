package io.tallygate.core;

import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Tells the admin API to programs. No token is needed: it holds nobody's data. */
@RestController
class OpenApiController {

	private final Mono<ObjectNode> document;

	OpenApiController(OpenApi api) {
		this.document = Mono.fromSupplier(api::document).subscribeOn(Schedulers.boundedElastic()).cache();
	}

	@GetMapping(AdminPaths.OPENAPI)
	Mono<JsonNode> document() {
		return this.document.cast(JsonNode.class);
	}

}
