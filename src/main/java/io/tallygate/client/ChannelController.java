package io.tallygate.client;

import io.tallygate.core.Caller;
import io.tallygate.core.Ids;
import io.tallygate.core.KeyId;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
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

/** An agency's channels and their keys. */
@RestController
@RequestMapping("/admin/v1")
class ChannelController {

	private final ChannelChanges changes;

	private final ClientReading reading;

	ChannelController(ChannelChanges changes, ClientReading reading) {
		this.changes = changes;
		this.reading = reading;
	}

	@PostMapping("/channels")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<ChannelView> create(Caller.OfAgency caller, @RequestBody ChannelBody body) {
		return this.changes.create(caller.agency(), body);
	}

	@GetMapping("/channels")
	Mono<Page<ChannelView>> list(Caller.OfAgency caller, PageRequest page) {
		return this.reading.channels(caller.agency(), page);
	}

	/** Gives a channel another name, also one whose client has ended. */
	@PatchMapping("/channels/{id}")
	Mono<ChannelView> change(Caller.OfAgency caller, @PathVariable String id,
			@RequestBody ChannelChanges.NameBody body) {
		return this.changes.rename(caller.agency(), ClientOpening.channelId(id), body);
	}

	@PostMapping("/clients/{id}/channels")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<ChannelView> add(Caller.OfAgency caller, @PathVariable String id, @RequestBody ChannelBody body) {
		return this.changes.add(caller.agency(), ClientController.id(id), body);
	}

	@PostMapping("/channels/{id}/keys")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<KeyView> createKey(Caller.OfAgency caller, @PathVariable String id,
			@RequestBody(required = false) Mono<ChannelChanges.KeyBody> body) {
		return body.defaultIfEmpty(new ChannelChanges.KeyBody(null, null))
			.flatMap((said) -> this.changes.createKey(caller.agency(), ClientOpening.channelId(id), said));
	}

	@DeleteMapping("/keys/{id}")
	Mono<KeyView> revokeKey(Caller.OfAgency caller, @PathVariable String id) {
		if (!Ids.isId(KeyId.PREFIX, id)) {
			throw Problem.notFound("key", id);
		}
		return this.changes.revokeKey(caller.agency(), new KeyId(id));
	}

}
