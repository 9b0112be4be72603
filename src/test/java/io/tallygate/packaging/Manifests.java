package io.tallygate.packaging;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/**
 * Kubernetes' objects in a file or in what Kustomize makes of several.
 *
 * @param name where they come from
 * @param objects one each
 */
record Manifests(String name, List<Map<String, Object>> objects) {

	private static final Gson JSON = new GsonBuilder()
		.registerTypeAdapter(OffsetDateTime.class,
				(JsonDeserializer<OffsetDateTime>) (json, type, context) -> OffsetDateTime.parse(json.getAsString()))
		.create();

	private static final String MODELS = "io.kubernetes.client.openapi.models.";

	private static final Path ROOT = Path.of("k8s");

	/** Kinds of others than Kubernetes itself, which its model does not know. */
	private static final List<String> FOREIGN = List.of("monitoring.coreos.com", "kustomize.config.k8s.io");

	/** All files as they lie there. */
	static List<Manifests> files() {
		try (Stream<Path> files = Files.walk(ROOT)) {
			return files.filter((file) -> file.toString().endsWith(".yaml")).sorted().map(Manifests::read).toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** The objects of the base, which needs no rendering to be judged. */
	static Manifests base() {
		return new Manifests("base",
				files().stream()
					.filter((file) -> file.name().startsWith(ROOT.resolve("base").toString()))
					.flatMap((file) -> file.objects().stream())
					.filter((object) -> !object.get("kind").equals("Kustomization"))
					.toList());
	}

	/** What Kustomize makes of an overlay. */
	static Manifests rendered(String overlay, Tool kubectl) {
		return parse(overlay, kubectl.prints("kustomize", ROOT.resolve("overlays").resolve(overlay).toString()));
	}

	private static Manifests read(Path file) {
		try {
			return parse(file.toString(), Files.readString(file));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@SuppressWarnings("unchecked")
	private static Manifests parse(String name, String text) {
		LoaderOptions strict = new LoaderOptions();
		strict.setAllowDuplicateKeys(false);
		List<Map<String, Object>> objects = new ArrayList<>();
		new Yaml(new SafeConstructor(strict)).loadAll(text)
			.forEach((object) -> objects.add((Map<String, Object>) object));
		return new Manifests(name, objects);
	}

	/** The only object of this kind. */
	<T> T only(Class<T> type) {
		List<T> found = all(type);
		if (found.size() != 1) {
			throw new AssertionError(this.name + " has " + found.size() + " objects of " + type.getSimpleName());
		}
		return found.get(0);
	}

	/** Every object of this kind. */
	<T> List<T> all(Class<T> type) {
		return this.objects.stream()
			.filter((object) -> modelName(object).equals(type.getSimpleName()))
			.map((object) -> JSON.fromJson(JSON.toJsonTree(object), type))
			.toList();
	}

	/** The only object of a kind that Kubernetes' model does not know. */
	JsonElement only(String kind) {
		return this.objects.stream()
			.filter((object) -> object.get("kind").equals(kind))
			.map(JSON::toJsonTree)
			.collect(Collectors.collectingAndThen(Collectors.toList(), (found) -> {
				if (found.size() != 1) {
					throw new AssertionError(this.name + " has " + found.size() + " objects of kind " + kind);
				}
				return found.get(0);
			}));
	}

	/** Holds each object against Kubernetes' own model: its fields, and their types. */
	void assertValid() {
		for (Map<String, Object> object : this.objects) {
			String version = object.get("apiVersion").toString();
			if (FOREIGN.stream().noneMatch(version::startsWith)) {
				assertValid(object);
			}
		}
	}

	private void assertValid(Map<String, Object> object) {
		JsonElement json = JSON.toJsonTree(object);
		try {
			Class<?> model = Class.forName(MODELS + modelName(object));
			model.getMethod("validateJsonElement", JsonElement.class).invoke(null, json);
			JSON.fromJson(json, model);
		}
		catch (InvocationTargetException ex) {
			throw new AssertionError(described(object) + ": " + ex.getCause().getMessage(), ex.getCause());
		}
		catch (JsonParseException ex) {
			throw new AssertionError(described(object) + ": " + ex.getMessage(), ex);
		}
		catch (ReflectiveOperationException ex) {
			throw new AssertionError(described(object) + " is of no kind that Kubernetes has", ex);
		}
	}

	private String described(Map<String, Object> object) {
		return this.name + ", " + object.get("kind") + " "
				+ ((object.get("metadata") instanceof Map<?, ?> metadata) ? metadata.get("name") : "");
	}

	/** {@code V1Deployment} for {@code apps/v1} and {@code Deployment}. */
	private static String modelName(Map<String, Object> object) {
		String version = object.get("apiVersion").toString().replaceAll(".*/", "");
		return version.substring(0, 1).toUpperCase() + version.substring(1) + object.get("kind");
	}

	@Override
	public String toString() {
		return this.name;
	}

}
