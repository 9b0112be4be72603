package io.tallygate.agency;

import java.time.Clock;
import java.time.Instant;

import io.tallygate.core.AdminJson;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Caller;
import io.tallygate.core.Faults;
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
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/**
 * Agencies and their admin tokens. The platform makes and changes agencies; an agency
 * reads itself and makes its own tokens.
 */
@RestController
@RequestMapping("/admin/v1")
class AgencyController {

	private static final int NAME_LENGTH_MAX = 200;

	private final Agencies agencies;

	private final AdminTokens tokens;

	private final AdminJson json;

	private final Clock clock;

	AgencyController(Agencies agencies, AdminTokens tokens, AdminJson json, Clock clock) {
		this.agencies = agencies;
		this.tokens = tokens;
		this.json = json;
		this.clock = clock;
	}

	/**
	 * What is said of a new token.
	 *
	 * @param name what it is for
	 * @param role what it may do
	 * @param expiresAt when it shall die by itself
	 */
	record TokenBody(@Nullable String name, Caller.@Nullable Role role, @Nullable Instant expiresAt) {
	}

	@PostMapping("/agencies")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<Agency> create(Caller.Platform caller, @RequestBody AgencyBody body) {
		return this.agencies.create(body);
	}

	@GetMapping("/agencies")
	Mono<Page<Agency>> list(Caller.Platform caller, PageRequest page) {
		return this.agencies.list(page);
	}

	@GetMapping("/agencies/{id}")
	Mono<Agency> read(Caller caller, @PathVariable String id) {
		return this.agencies.read(agency(caller, id));
	}

	@PatchMapping("/agencies/{id}")
	Mono<Agency> update(Caller.Platform caller, @PathVariable String id, @RequestBody ObjectNode patch) {
		return this.agencies.read(agency(caller, id))
			.map((agency) -> this.json.patched(AgencyBody.of(agency), patch, AgencyBody.class))
			.flatMap((body) -> this.agencies.update(new AgencyId(id), body));
	}

	@PostMapping("/agencies/{id}/admin_tokens")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<AdminToken> createToken(Caller caller, @PathVariable String id, @RequestBody TokenBody body) {
		AgencyId agency = agency(caller, id);
		Faults faults = new Faults();
		String name = faults.text("/name", body.name(), NAME_LENGTH_MAX);
		faults.unless(body.expiresAt() == null || body.expiresAt().isAfter(this.clock.instant()), "/expires_at",
				"expires_at must lie ahead but was " + body.expiresAt());
		faults.throwIfAny();
		Caller.Role role = (body.role() != null) ? body.role() : Caller.Role.OWNER;
		return this.agencies.read(agency).flatMap((found) -> this.tokens.create(agency, name, role, body.expiresAt()));
	}

	@GetMapping("/agencies/{id}/admin_tokens")
	Mono<Page<AdminToken>> listTokens(Caller caller, @PathVariable String id, PageRequest page) {
		AgencyId agency = agency(caller, id);
		return this.agencies.read(agency).then(this.tokens.list(agency, page));
	}

	@DeleteMapping("/admin_tokens/{id}")
	@ResponseStatus(HttpStatus.NO_CONTENT)
	Mono<Void> revokeToken(Caller caller, @PathVariable String id) {
		if (!Ids.isId(AdminToken.PREFIX, id)) {
			throw Problem.notFound("admin token", id);
		}
		return this.tokens.revoke(id, (caller instanceof Caller.OfAgency own) ? own.agency() : null);
	}

	/** The agency of this id: any for the platform, its own for an agency. */
	private static AgencyId agency(Caller caller, String id) {
		boolean isOthers = caller instanceof Caller.OfAgency own && !own.agency().value().equals(id);
		if (isOthers || !Ids.isId(AgencyId.PREFIX, id)) {
			throw Problem.notFound("agency", id);
		}
		return new AgencyId(id);
	}

}
