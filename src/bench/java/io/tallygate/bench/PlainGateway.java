package io.tallygate.bench;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;

/**
 * Plain Spring Cloud Gateway, as its starter sets it up, with one route: what Tallygate
 * is built on, and would cost if it did nothing. Not annotated as a configuration, so
 * that no scan of tests finds it.
 */
@EnableAutoConfiguration
class PlainGateway {

	public static void main(String[] args) {
		SpringApplication.run(PlainGateway.class, args);
	}

	@Bean
	RouteLocator route(RouteLocatorBuilder routes, @Value("${provider}") String provider) {
		return routes.routes().route("chat", (route) -> route.path("/v1/**").uri(provider)).build();
	}

}
