package io.tallygate.client;

import java.util.List;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/** An agency's clients. */
@RestController
@RequestMapping("/admin/v1/clients")
class ClientController {

	private static final List<String> STATUSES = List.of("active", "paused", "archived");

	private final ClientOpening opening;

	private final ClientChanges changes;

	private final ClientReading reading;

	ClientController(ClientOpening opening, ClientChanges changes, ClientReading reading) {
		this.opening = opening;
		this.changes = changes;
		this.reading = reading;
	}

	/** A new channel comes with a key, which not every role may be shown. */
	@PostMapping
	@ResponseStatus(HttpStatus.CREATED)
	Mono<ClientView> create(Caller.OfAgency caller, AdminRequest request, @RequestBody ClientBody body) {
		if (caller.role() != Caller.Role.OWNER) {
			throw new Problem(403, "role_not_allowed",
					"A new client comes with a channel key: only an owner may do this");
		}
		return this.opening.open(caller.agency(), body, request);
	}

	@GetMapping
	Mono<Page<ClientView>> list(Caller.OfAgency caller, @RequestParam(required = false) @Nullable String status,
			PageRequest page) {
		if (status != null && !STATUSES.contains(status)) {
			throw Problem.invalid("/status", "status must be active, paused or archived but was '" + status + "'");
		}
		return this.reading.list(caller.agency(), status, page);
	}

	@GetMapping("/{id}")
	Mono<ClientView> read(Caller.OfAgency caller, @PathVariable String id) {
		return this.reading.read(caller.agency(), id(id));
	}

	@PatchMapping("/{id}")
	Mono<ClientView> change(Caller.OfAgency caller, @PathVariable String id, @RequestBody ObjectNode patch) {
		return this.changes.change(caller.agency(), id(id), patch);
	}

	@PostMapping("/{id}/pause")
	Mono<ClientView> pause(Caller.OfAgency caller, @PathVariable String id) {
		return this.changes.setPaused(caller.agency(), id(id), true);
	}

	@PostMapping("/{id}/resume")
	Mono<ClientView> resume(Caller.OfAgency caller, @PathVariable String id) {
		return this.changes.setPaused(caller.agency(), id(id), false);
	}

	@DeleteMapping("/{id}")
	Mono<ClientView> archive(Caller.OfAgency caller, @PathVariable String id) {
		return this.changes.archive(caller.agency(), id(id));
	}

	static ClientId id(String id) {
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		return new ClientId(id);
	}

}
