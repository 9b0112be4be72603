package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

import io.tallygate.TallygateApplication;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Tallygate, whose stores stand still for ever at a place that a test names in a file, so
 * that it can be killed exactly there. It prints that it got there.
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

		/** An exchange is neither marked in Redis nor in PostgreSQL. */
		BEFORE_MARK("open", true),
		/** It is marked, and its provider has not been called. */
		AFTER_MARK("open", false),
		/** It has ended, and Redis does not know. */
		BEFORE_CLOSE("close", true),
		/** Redis has counted it, and its client does not see that. */
		AFTER_CLOSE("close", false),
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

		private final String act;

		private final boolean before;

		Place(String act, boolean before) {
			this.act = act;
			this.before = before;
		}

	}

	/** Runs in the other JVM. */
	public static void main(String[] args) {
		SpringApplication.from(TallygateApplication::main).with(Faults.class).run(args);
	}

	/** Puts itself between the rooms and their stores. */
	static class Faults implements BeanPostProcessor {

		@Override
		public Object postProcessAfterInitialization(Object bean, String name) {
			return switch (name) {
				case "ledgerWriter" -> withStoreOf(bean, "ledger");
				case "runningTotals" -> withStoreOf(bean, "counters");
				case "instances", "outbox" -> around(bean);
				default -> bean;
			};
		}

		private Object withStoreOf(Object bean, String name) {
			Field store = ReflectionUtils.findField(bean.getClass(), name);
			ReflectionUtils.makeAccessible(store);
			ReflectionUtils.setField(store, bean, around(ReflectionUtils.getField(store, bean)));
			return bean;
		}

		private Object around(Object store) {
			return Proxy.newProxyInstance(store.getClass().getClassLoader(),
					ClassUtils.getAllInterfacesForClass(store.getClass()),
					(proxy, method, arguments) -> call(store, method, arguments));
		}

		private Object call(Object store, Method method, Object[] arguments) throws Throwable {
			Object work = run(store, method, arguments);
			Set<String> acts = acts(method, arguments);
			for (Place place : Place.values()) {
				if (acts.contains(place.act)) {
					work = place.before ? before(place, work) : after(place, work);
				}
			}
			return work;
		}

		/** A call of Redis has many: they are what its operations are called. */
		private static Set<String> acts(Method method, Object[] arguments) {
			return method.getName().equals("run") ? ((List<?>) arguments[1]).stream()
				.map((operation) -> operation.getClass().getSimpleName().toLowerCase(Locale.ROOT))
				.collect(Collectors.toSet()) : Set.of(method.getName());
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
			return (work instanceof Mono<?> mono) ? Mono.defer(() -> isArmed(place.name()) ? stand(place.name()) : mono)
					: Flux.defer(() -> isArmed(place.name()) ? stand(place.name()) : (Publisher<?>) work);
		}

		private Object after(Place place, Object work) {
			return (work instanceof Mono<?> mono)
					? mono.flatMap((value) -> isArmed(place.name()) ? stand(place.name()) : Mono.just(value))
					: Flux.from((Publisher<?>) work)
						.concatMap((value) -> isArmed(place.name()) ? stand(place.name()) : Mono.just(value));
		}

	}

	/** Whether the test wants somebody to stand still there now. */
	static boolean isArmed(String place) {
		Path file = Path.of(System.getProperty(FILE));
		try {
			return Files.exists(file) && Set.copyOf(Files.readAllLines(file)).contains(place);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Says where it stands, and goes no further. */
	static <T> Mono<T> stand(String place) {
		System.out.println(STANDS + place.toLowerCase(Locale.ROOT));
		return Mono.never();
	}

}
