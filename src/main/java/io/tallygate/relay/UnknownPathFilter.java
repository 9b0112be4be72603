package io.tallygate.relay;

import reactor.core.publisher.Mono;

/**
 * Refuses what is not served below the data plane's paths, before anybody asks who calls.
 */
final class UnknownPathFilter extends ApiFilter {

	private final String publicUrl;

	UnknownPathFilter(ApiFilter.Answers answers, String publicUrl) {
		super(answers);
		this.publicUrl = publicUrl;
	}

	@Override
	Mono<Answer> answer(ApiRequest request) {
		return Mono.error(ApiError.of(ApiError.Code.UNKNOWN_PATH,
				"Nothing is served here. The base URL is " + this.publicUrl + "/v1; served are POST "
						+ DataPlanePaths.CHAT_COMPLETIONS + " and GET " + DataPlanePaths.MODELS
						+ ", spelled exactly so"));
	}

}
