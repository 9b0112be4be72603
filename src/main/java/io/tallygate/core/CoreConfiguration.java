package io.tallygate.core;

import org.springframework.context.annotation.Configuration;
import org.springframework.http.codec.CodecConfigurer;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.http.codec.json.JacksonJsonDecoder;
import org.springframework.http.codec.json.JacksonJsonEncoder;
import org.springframework.web.reactive.config.WebFluxConfigurer;
import org.springframework.web.reactive.result.method.annotation.ArgumentResolverConfigurer;

/** What all controllers share: strict JSON, pages and the request itself as arguments. */
@Configuration(proxyBeanMethods = false)
class CoreConfiguration implements WebFluxConfigurer {

	private final AdminJson json;

	CoreConfiguration(AdminJson json) {
		this.json = json;
	}

	@Override
	public void configureHttpMessageCodecs(ServerCodecConfigurer configurer) {
		CodecConfigurer.DefaultCodecs codecs = configurer.defaultCodecs();
		codecs.jacksonJsonDecoder(new JacksonJsonDecoder(this.json.mapper()));
		codecs.jacksonJsonEncoder(new JacksonJsonEncoder(this.json.mapper()));
	}

	@Override
	public void configureArgumentResolvers(ArgumentResolverConfigurer configurer) {
		configurer.addCustomResolver(new PageRequestResolver(), new AdminRequestResolver());
	}

}
