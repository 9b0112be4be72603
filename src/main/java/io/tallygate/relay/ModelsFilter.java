package io.tallygate.relay;

import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.client.ChannelAccess;
import io.tallygate.provider.Provider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The models that a client may use: what the agency's providers list, less what another
 * provider serves for this agency and what the client's key does not allow. Never billed.
 */
final class ModelsFilter extends ApiFilter {

	private static final Logger LOG = LoggerFactory.getLogger(ModelsFilter.class);

	private static final JsonMapper JSON = new JsonMapper();

	private static final int LIST_BYTES_MAX = 1024 * 1024;

	private static final int AT_ONCE = 4;

	private final Callers callers;

	private final RelayProperties properties;

	private final Upstreams upstreams;

	ModelsFilter(ApiFilter.Answers answers, Callers callers, RelayProperties properties, Upstreams upstreams) {
		super(answers);
		this.callers = callers;
		this.properties = properties;
		this.upstreams = upstreams;
	}

	/**
	 * A provider and what it listed.
	 *
	 * @param provider asked
	 * @param models in its order; empty when it gave no list
	 */
	record Listed(Provider provider, Optional<List<JsonNode>> models) {
	}

	@Override
	Mono<Answer> answer(ApiRequest request) {
		return this.callers.identify(request.headers())
			.publishOn(Schedulers.fromExecutor(request.channel().eventLoop()))
			.flatMap((access) -> Flux.fromIterable(access.providers().all())
				.flatMapSequential(this::listed, AT_ONCE)
				.collectList()
				.map((lists) -> union(access, lists)))
			.map((list) -> inJson(request, list));
	}

	private Mono<Listed> listed(Provider provider) {
		return this.upstreams.ofThisLoop()
			.headers((headers) -> RelayHeaders.authorize(provider, headers))
			.get()
			.uri(Upstreams.uri(provider, "/models"))
			.response((response, content) -> {
				if (response.status().code() != 200) {
					return Mono.error(new IllegalStateException("status " + response.status().code()));
				}
				return content.asByteArray().collect(ByteArrayOutputStream::new, ModelsFilter::append);
			})
			.next()
			.map((bytes) -> models(bytes.toByteArray()))
			.timeout(this.properties.modelListTimeout())
			.map((models) -> new Listed(provider, Optional.of(models)))
			.onErrorResume((error) -> {
				LOG.info("Provider {} did not list its models: {}", provider.id(), error.toString());
				return Mono.just(new Listed(provider, Optional.empty()));
			});
	}

	private static void append(ByteArrayOutputStream all, byte[] part) {
		if (all.size() + part.length > LIST_BYTES_MAX) {
			throw new IllegalStateException("longer than " + LIST_BYTES_MAX + " bytes");
		}
		all.writeBytes(part);
	}

	private static List<JsonNode> models(byte[] list) {
		return JSON.readTree(list).path("data").valueStream().filter((model) -> model.path("id").isString()).toList();
	}

	/** Each model once, where it is this provider that would serve it. */
	static ObjectNode union(ChannelAccess access, List<Listed> lists) {
		if (!lists.isEmpty() && lists.stream().allMatch((listed) -> listed.models().isEmpty())) {
			throw ApiError.of(ApiError.Code.PROVIDER_BAD_RESPONSE, "No provider lists its models at the moment");
		}
		Map<String, JsonNode> served = new LinkedHashMap<>();
		for (Listed listed : lists) {
			for (JsonNode model : listed.models().orElse(List.of())) {
				String id = model.path("id").stringValue();
				boolean here = access.providers().serving(id).filter(listed.provider()::equals).isPresent();
				if (here && access.allows(id)) {
					served.putIfAbsent(id, model);
				}
			}
		}
		ObjectNode list = JSON.createObjectNode().put("object", "list");
		ArrayNode data = list.putArray("data");
		served.values().forEach(data::add);
		return list;
	}

	private static Answer inJson(ApiRequest request, ObjectNode list) {
		HttpHeaders headers = new DefaultHttpHeaders();
		headers.set("content-type", "application/json");
		headers.set(RelayHeaders.REQUEST_ID, request.id().value());
		return new Answer.Whole(200, headers, Unpooled.wrappedBuffer(JSON.writeValueAsBytes(list)));
	}

}
