package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

import io.tallygate.TallygateApplication;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Tallygate, whose ledger and outbox stand still for ever at a place that a test names in
 * a file, so that it can be killed exactly there. It prints that it got there.
 */
public final class FaultyGateway {

	/** The system property that says which file. */
	public static final String FILE = "fault.file";

	/** What it prints, followed by the place. */
	public static final String STANDS = "stands still at ";

	private FaultyGateway() {
	}

	/** Where money can stand between two stores. */
	public enum Place {

		/** Redis and the client have the end of an exchange, PostgreSQL does not. */
		BEFORE_LEDGER("append", true),
		/** PostgreSQL has it, Redis still keeps it. */
		AFTER_LEDGER("append", false),
		/** A meter event exists and nobody has taken it up. */
		AFTER_CUT("cut", false),
		/** It belongs to this process, and Stripe has not been called. */
		AFTER_CLAIM("claim", false),
		/** Stripe has accepted it, and nobody has written that down. */
		BEFORE_SETTLE("settle", true);

		private final String method;

		private final boolean before;

		Place(String method, boolean before) {
			this.method = method;
			this.before = before;
		}

	}

	/** Runs in the other JVM. */
	public static void main(String[] args) {
		SpringApplication.from(TallygateApplication::main).with(Faults.class).run(args);
	}

	/** Puts itself between the rooms and their stores. */
	static class Faults implements BeanPostProcessor {

		private final Path file = Path.of(System.getProperty(FILE));

		@Override
		public Object postProcessAfterInitialization(Object bean, String name) {
			if (name.equals("ledgerWriter")) {
				Field ledger = ReflectionUtils.findField(bean.getClass(), "ledger");
				ReflectionUtils.makeAccessible(ledger);
				ReflectionUtils.setField(ledger, bean, around(ReflectionUtils.getField(ledger, bean)));
				return bean;
			}
			return name.equals("outbox") ? around(bean) : bean;
		}

		private Object around(Object store) {
			return Proxy.newProxyInstance(store.getClass().getClassLoader(),
					ClassUtils.getAllInterfacesForClass(store.getClass()),
					(proxy, method, arguments) -> call(store, method, arguments));
		}

		private Object call(Object store, Method method, Object[] arguments) throws Throwable {
			Object work = run(store, method, arguments);
			for (Place place : Place.values()) {
				if (place.method.equals(method.getName())) {
					work = place.before ? before(place, work) : after(place, work);
				}
			}
			return work;
		}

		private static Object run(Object store, Method method, Object[] arguments) throws Throwable {
			method.setAccessible(true);
			try {
				return method.invoke(store, arguments);
			}
			catch (InvocationTargetException ex) {
				throw ex.getCause();
			}
		}

		private Object before(Place place, Object work) {
			return (work instanceof Mono<?> mono) ? Mono.defer(() -> isArmed(place) ? stand(place) : mono)
					: Flux.defer(() -> isArmed(place) ? stand(place) : (Publisher<?>) work);
		}

		private Object after(Place place, Object work) {
			return (work instanceof Mono<?> mono)
					? mono.flatMap((value) -> isArmed(place) ? stand(place) : Mono.just(value))
					: Flux.from((Publisher<?>) work)
						.concatMap((value) -> isArmed(place) ? stand(place) : Mono.just(value));
		}

		private boolean isArmed(Place place) {
			try {
				return Files.exists(this.file) && Set.copyOf(Files.readAllLines(this.file)).contains(place.name());
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		private static <T> Mono<T> stand(Place place) {
			System.out.println(STANDS + place.name().toLowerCase(Locale.ROOT));
			return Mono.never();
		}

	}

}
