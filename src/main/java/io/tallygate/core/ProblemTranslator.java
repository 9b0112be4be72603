package io.tallygate.core;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.dao.NonTransientDataAccessResourceException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.web.server.MethodNotAllowedException;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebInputException;
import org.springframework.web.server.UnsupportedMediaTypeStatusException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;

/** Says in the admin API's words what a framework's exception means. */
final class ProblemTranslator {

	private ProblemTranslator() {
	}

	/** The problem, or {@code null} for an error that nobody foresaw. */
	static @Nullable Problem translate(Throwable error) {
		for (Throwable cause = error; cause != null; cause = cause.getCause()) {
			Problem problem = translateOne(cause);
			if (problem != null) {
				return problem;
			}
		}
		return (error instanceof ResponseStatusException status) ? ofStatus(status) : null;
	}

	private static @Nullable Problem translateOne(Throwable error) {
		if (error instanceof Problem problem) {
			return problem;
		}
		if (error instanceof UnrecognizedPropertyException unknown) {
			return unknownField(unknown);
		}
		if (error instanceof InputCoercionException outOfRange) {
			return Problem.invalid(pointer(outOfRange), name(outOfRange) + " is out of range");
		}
		if (error instanceof StreamReadException unreadable) {
			return new Problem(400, "invalid_json",
					"The body is not JSON: " + unreadable.getOriginalMessage() + place(unreadable.getLocation()));
		}
		if (error instanceof DatabindException mismatch && !hasProblem(mismatch)) {
			return Problem.invalid(pointer(mismatch), name(mismatch) + " must be " + expected(mismatch));
		}
		if (error instanceof DataBufferLimitException) {
			return new Problem(413, "request_too_large", "The body is larger than the admin API reads");
		}
		if (error instanceof DataAccessResourceFailureException || error instanceof TransientDataAccessException
				|| error instanceof NonTransientDataAccessResourceException
				|| error instanceof CannotCreateTransactionException) {
			return new Problem(503, "database_unavailable", "The database does not answer; try again in a moment");
		}
		return null;
	}

	private static Problem ofStatus(ResponseStatusException error) {
		if (error instanceof MethodNotAllowedException method) {
			return new Problem(405, "method_not_allowed",
					"This path takes " + method.getSupportedMethods() + ", not " + method.getHttpMethod());
		}
		if (error instanceof UnsupportedMediaTypeStatusException) {
			return new Problem(415, "unsupported_media_type", "Send JSON, with Content-Type: application/json");
		}
		if (error instanceof ServerWebInputException input) {
			String reason = Objects.requireNonNullElse(input.getReason(), "The request cannot be read");
			return (input.getMethodParameter() != null && !reason.contains("body"))
					? Problem.invalid("/" + input.getMethodParameter().getParameterName(), reason)
					: new Problem(400, "invalid_json", "A JSON body is needed");
		}
		int status = error.getStatusCode().value();
		return switch (status) {
			case 404 -> new Problem(404, "not_found", "There is no such path");
			case 406 -> new Problem(406, "not_acceptable", "The admin API answers application/json");
			default -> new Problem(status, "invalid_request",
					Objects.requireNonNullElse(error.getReason(), "The request cannot be served"));
		};
	}

	private static Problem unknownField(UnrecognizedPropertyException error) {
		Collection<Object> ids = Objects.requireNonNullElse(error.getKnownPropertyIds(), List.of());
		List<String> known = ids.stream().map(Object::toString).toList();
		String name = error.getPropertyName();
		String message = "There is no field '" + name + "'" + Suggestion.of(name, known);
		return new Problem(422, "unknown_field", message, List.of(new Problem.Field(pointer(error), message)));
	}

	private static boolean hasProblem(Throwable error) {
		return error.getCause() instanceof Problem;
	}

	/** Where the field stands, as an RFC 6901 pointer. */
	private static String pointer(JacksonException error) {
		return error.getPath()
			.stream()
			.map((step) -> (step.getPropertyName() != null) ? step.getPropertyName() : String.valueOf(step.getIndex()))
			.map((step) -> "/" + step.replace("~", "~0").replace("/", "~1"))
			.collect(Collectors.joining());
	}

	private static String name(JacksonException error) {
		String pointer = pointer(error);
		return pointer.isEmpty() ? "The body" : pointer.substring(1).replace('/', '.');
	}

	private static String expected(DatabindException error) {
		Class<?> type = (error instanceof MismatchedInputException mismatch) ? mismatch.getTargetType() : null;
		if (type == null) {
			return "of another type";
		}
		if (type.isEnum()) {
			return Arrays.stream(type.getEnumConstants())
				.map((constant) -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
				.collect(Collectors.joining(", ", "one of ", ""));
		}
		if (type == String.class) {
			return "text";
		}
		if (type == Boolean.class || type == boolean.class) {
			return "true or false";
		}
		if (type == Long.class || type == Integer.class || type == long.class || type == int.class) {
			return "a whole number";
		}
		if (Number.class.isAssignableFrom(type)) {
			return "a number";
		}
		if (Collection.class.isAssignableFrom(type)) {
			return "a list";
		}
		if (java.time.temporal.Temporal.class.isAssignableFrom(type)) {
			return "a time such as 2026-01-31T12:00:00Z";
		}
		return "an object";
	}

	private static String place(@Nullable TokenStreamLocation location) {
		return (location == null) ? "" : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
	}

}
