package io.tallygate.relay;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.cors.reactive.CorsWebFilter;
import org.springframework.web.cors.reactive.DefaultCorsProcessor;
import org.springframework.web.cors.reactive.UrlBasedCorsConfigurationSource;
import org.springframework.web.server.ServerWebExchange;

/**
 * Lets pages of certain origins call the data plane from a browser (CORS), where the
 * operator names them. A page's visitors can read the channel key that it calls with.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(BrowserConfiguration.ORIGINS)
class BrowserConfiguration {

	static final String ORIGINS = "tallygate.cors-origins";

	/** How long a browser need not ask again. */
	private static final Duration ASKED = Duration.ofHours(1);

	@Bean
	CorsWebFilter browsers(@Value("${" + ORIGINS + "}") List<String> origins) {
		CorsConfiguration pages = new CorsConfiguration();
		pages.setAllowedOrigins(origins);
		pages.setAllowedMethods(List.of(HttpMethod.GET.name(), HttpMethod.POST.name()));
		pages.setAllowedHeaders(List.of(CorsConfiguration.ALL));
		pages.setExposedHeaders(List.of(CorsConfiguration.ALL));
		pages.setMaxAge(ASKED);
		UrlBasedCorsConfigurationSource paths = new UrlBasedCorsConfigurationSource();
		paths.registerCorsConfiguration("/v1/**", pages);
		return new CorsWebFilter(paths, new WithoutRefusals());
	}

	/**
	 * An app that is no page may name an origin too. It is served: only browsers keep an
	 * answer from a page that it does not name.
	 */
	private static final class WithoutRefusals extends DefaultCorsProcessor {

		@Override
		public boolean process(@Nullable CorsConfiguration pages, ServerWebExchange exchange) {
			boolean isOther = pages != null
					&& pages.checkOrigin(exchange.getRequest().getHeaders().getOrigin()) == null;
			return (isOther && !CorsUtils.isPreFlightRequest(exchange.getRequest())) || super.process(pages, exchange);
		}

	}

}
