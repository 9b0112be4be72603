package io.tallygate.agency;

import java.net.URI;
import java.util.Objects;

import io.tallygate.core.AdminJson;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Caller;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.ProviderId;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/** An agency's providers. */
@RestController
@RequestMapping("/admin/v1/providers")
class ProviderController {

	private final AgencyProviders providers;

	private final ProviderHosts hosts;

	private final ProviderProbe probe;

	private final AdminJson json;

	ProviderController(AgencyProviders providers, ProviderHosts hosts, ProviderProbe probe, AdminJson json) {
		this.providers = providers;
		this.hosts = hosts;
		this.probe = probe;
		this.json = json;
	}

	@PostMapping
	@ResponseStatus(HttpStatus.CREATED)
	Mono<StoredProvider> create(Caller.OfAgency caller, @RequestBody ProviderBody body) {
		if (body.apiKey() == null) {
			throw Problem.invalid("/api_key", "api_key is required");
		}
		return admitted(body).flatMap((checked) -> this.providers.create(caller.agency(), checked));
	}

	@GetMapping
	Mono<Page<StoredProvider>> list(Caller.OfAgency caller, PageRequest page) {
		return this.providers.list(caller.agency(), page);
	}

	@GetMapping("/{id}")
	Mono<StoredProvider> read(Caller.OfAgency caller, @PathVariable String id) {
		return this.providers.read(caller.agency(), id(id));
	}

	@PatchMapping("/{id}")
	Mono<StoredProvider> update(Caller.OfAgency caller, @PathVariable String id, @RequestBody ObjectNode patch) {
		return this.providers.read(caller.agency(), id(id))
			.flatMap((stored) -> admitted(this.json.patched(stored.body(), patch, ProviderBody.class))
				.doOnNext((changed) -> refuseToTakeTheKeyElsewhere(stored, changed)))
			.flatMap((changed) -> this.providers.update(caller.agency(), id(id), changed));
	}

	@DeleteMapping("/{id}")
	@ResponseStatus(HttpStatus.NO_CONTENT)
	Mono<Void> delete(Caller.OfAgency caller, @PathVariable String id) {
		return this.providers.delete(caller.agency(), id(id)).then();
	}

	@PostMapping("/{id}/test")
	Mono<ProviderProbe.Result> test(Caller.OfAgency caller, @PathVariable String id) {
		AgencyId agency = caller.agency();
		return this.providers.read(agency, id(id))
			.then(this.providers.of(agency))
			.flatMapIterable((providers) -> providers.all())
			.filter((provider) -> provider.id().equals(id(id)))
			.next()
			.switchIfEmpty(Mono.error(() -> new Problem(409, "key_cannot_be_opened",
					"The API key of this provider was sealed under another encryption key: enter it again")))
			.flatMap(this.probe::test);
	}

	private Mono<ProviderBody> admitted(ProviderBody body) {
		ProviderBody checked = body.checked();
		URI url = this.hosts.parse(Objects.requireNonNull(checked.baseUrl()));
		return this.hosts.check(url).thenReturn(checked.at(url));
	}

	/** A key goes to the host that it was entered for, and to no other. */
	private static void refuseToTakeTheKeyElsewhere(StoredProvider stored, ProviderBody changed) {
		String host = URI.create(Objects.requireNonNull(changed.baseUrl())).getHost();
		if (changed.apiKey() == null && !URI.create(stored.baseUrl()).getHost().equalsIgnoreCase(host)) {
			throw Problem.invalid("/api_key", "api_key must be given again when base_url moves to another host");
		}
	}

	private static ProviderId id(String id) {
		if (!Ids.isId(ProviderId.PREFIX, id)) {
			throw Problem.notFound("provider", id);
		}
		return new ProviderId(id);
	}

}
