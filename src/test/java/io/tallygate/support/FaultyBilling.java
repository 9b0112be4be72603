package io.tallygate.support;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

import io.tallygate.TallygateApplication;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import reactor.core.publisher.Mono;

import org.springframework.aop.framework.ProxyFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.SpringApplication;

/**
 * Tallygate, whose use cases on Stripe stand still for ever where a test says, so that it
 * can be killed exactly there. The test writes lines of a place and what it is about into
 * the file of {@link FaultyGateway#FILE}: {@code AFTER_CREATION customer}. What stands
 * there is printed as it is by that.
 */
public final class FaultyBilling {

	private FaultyBilling() {
	}

	/** Where something can stand between our database and Stripe. */
	private enum Place {

		/** It is written down what is to be made, and Stripe was not called. */
		BEFORE_CREATION("stripeIntents", "make", false),
		/** Stripe has made it, and nobody has written that down. */
		AFTER_CREATION("stripeIntents", "make", false),
		/** That it is made is written down, and nothing was done with it. */
		AFTER_INTENT("stripeIntents", "make", false),
		/** Everything is done, and the answer to who repeats the request is not kept. */
		BEFORE_ANSWER("adminRequests", "keep", true),
		/** The answer is kept, and its caller does not see it. */
		AFTER_ANSWER("adminRequests", "keep", false),
		/** Stripe tells something, and it is written nowhere. */
		BEFORE_INBOX("webhookInbox", "receive", true),
		/** It is in the inbox, and Stripe does not hear so. */
		AFTER_INBOX("webhookInbox", "receive", false),
		/** It belongs to this process, and nothing was done. */
		BEFORE_HANDLING("webhookHandling", "handle", true),
		/** What follows from it is committed, and that it is done is not. */
		BEFORE_DONE("webhookInbox", "settle", true),
		/** It is done. */
		AFTER_DONE("webhookInbox", "settle", false),
		/** What counts twice was found, and Stripe was not called. */
		BEFORE_CANCEL("laneAudit", "cancel", true),
		/** Stripe has taken it back, and nobody has written that down. */
		AFTER_CANCEL("laneAudit", "cancel", false),
		/** What Stripe lacks was found. */
		BEFORE_RESEND("laneAudit", "resend", true),
		/** It is due again, and the run that found it is not done. */
		AFTER_RESEND("laneAudit", "resend", false),
		/** A parked meter event is to be sent again. */
		BEFORE_RETRY("meterEventDesk", "retry", true),
		/** It is due, or has a successor, and the run that found it is not done. */
		AFTER_RETRY("meterEventDesk", "retry", false);

		private final String bean;

		private final String method;

		private final boolean before;

		Place(String bean, String method, boolean before) {
			this.bean = bean;
			this.method = method;
			this.before = before;
		}

		private boolean isOf(MethodInvocation call) {
			return call.getMethod().getName().equals(this.method);
		}

	}

	/** Runs in the other JVM. */
	public static void main(String[] args) {
		SpringApplication.from(TallygateApplication::main).with(Faults.class).run(args);
	}

	/** Puts itself before the use cases, whose classes need not be public. */
	static class Faults implements BeanPostProcessor {

		private static final Predicate<String> ARMED = FaultyGateway::isArmed;

		@Override
		public Object postProcessAfterInitialization(Object bean, String name) {
			List<Place> places = Stream.of(Place.values()).filter((place) -> place.bean.equals(name)).toList();
			if (places.isEmpty()) {
				return bean;
			}
			ProxyFactory proxy = new ProxyFactory(bean);
			proxy.setProxyTargetClass(true);
			proxy.addAdvice((MethodInterceptor) (call) -> run(call,
					places.stream().filter((place) -> place.isOf(call)).toList()));
			return proxy.getProxy(bean.getClass().getClassLoader());
		}

		private static Object run(MethodInvocation call, List<Place> places) throws Throwable {
			if (places.isEmpty()) {
				return call.proceed();
			}
			List<String> about = Stream.of(call.getArguments())
				.filter(Objects::nonNull)
				.flatMap(Faults::words)
				.toList();
			if (places.contains(Place.BEFORE_CREATION)) {
				Object[] arguments = call.getArguments();
				arguments[arguments.length - 1] = making(arguments[arguments.length - 1], about);
			}
			Mono<?> work = (Mono<?>) call.proceed();
			for (Place place : places) {
				if (place != Place.BEFORE_CREATION && place != Place.AFTER_CREATION) {
					work = place.before ? before(place, about, work) : after(place, about, work);
				}
			}
			return work;
		}

		/** How something is made, which stands still around the call to Stripe. */
		@SuppressWarnings("unchecked")
		private static Object making(Object making, List<String> about) throws ReflectiveOperationException {
			RecordComponent[] parts = making.getClass().getRecordComponents();
			Object[] values = new Object[parts.length];
			for (int i = 0; i < parts.length; i++) {
				values[i] = value(parts[i], making);
			}
			Function<Object, Mono<?>> create = (Function<Object, Mono<?>>) values[0];
			values[0] = (Function<Object, Mono<?>>) (write) -> after(Place.AFTER_CREATION, about,
					before(Place.BEFORE_CREATION, about, Mono.defer(() -> create.apply(write))));
			Constructor<?> constructor = making.getClass().getDeclaredConstructors()[0];
			constructor.setAccessible(true);
			return constructor.newInstance(values);
		}

		private static Mono<?> before(Place place, List<String> about, Mono<?> work) {
			return Mono.defer(() -> armed(place, about).<Mono<Object>>map(FaultyGateway::stand)
				.orElseGet(() -> work.cast(Object.class)));
		}

		/** Also where it ends with nothing. */
		private static Mono<?> after(Place place, List<String> about, Mono<?> work) {
			return work.map((value) -> Optional.<Object>of(value))
				.defaultIfEmpty(Optional.empty())
				.flatMap((value) -> armed(place, about).<Mono<Object>>map(FaultyGateway::stand)
					.orElseGet(() -> Mono.justOrEmpty(value)));
		}

		private static Optional<String> armed(Place place, List<String> about) {
			return about.stream().map((word) -> place + " " + word).filter(ARMED).findFirst();
		}

		/** What a call can be told by: texts, and what stands in its records. */
		private static Stream<String> words(Object argument) {
			if (!argument.getClass().isRecord()) {
				return Stream.of(argument.toString());
			}
			return Stream.concat(Stream.of(argument.toString()), Stream.of(argument.getClass().getRecordComponents())
				.map((part) -> String.valueOf(value(part, argument))));
		}

		private static Object value(RecordComponent part, Object of) {
			try {
				part.getAccessor().setAccessible(true);
				return part.getAccessor().invoke(of);
			}
			catch (IllegalAccessException | InvocationTargetException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

}
