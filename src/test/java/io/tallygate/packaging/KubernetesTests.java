package io.tallygate.packaging;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import io.kubernetes.client.openapi.models.V1Capabilities;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1Container;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1LabelSelector;
import io.kubernetes.client.openapi.models.V1Namespace;
import io.kubernetes.client.openapi.models.V1NetworkPolicy;
import io.kubernetes.client.openapi.models.V1NetworkPolicyPeer;
import io.kubernetes.client.openapi.models.V1NetworkPolicyPort;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1PodSpec;
import io.kubernetes.client.openapi.models.V1Probe;
import io.kubernetes.client.openapi.models.V1SecurityContext;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1ServiceAccount;
import io.kubernetes.client.openapi.models.V1Volume;
import io.kubernetes.client.openapi.models.V1VolumeMount;
import io.kubernetes.client.openapi.models.V2HorizontalPodAutoscaler;
import io.tallygate.DocumentedSettings;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.ObjectUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

/**
 * The manifests are what Kubernetes takes, and run the gateway as it wants to be run.
 * What is asserted of the base is asserted of the overlays as Kustomize renders them too,
 * where kubectl is there.
 */
class KubernetesTests {

	private static final Tool KUBECTL = new Tool("kubectl");

	private static final String[] TRIAL = { "kustomize", "--help" };

	private static final Map<String, String> OURS = Map.of("app.kubernetes.io/name", "tallygate");

	static List<Manifests> files() {
		return Manifests.files();
	}

	private static final List<Manifests> INSTALLATIONS = new ArrayList<>();

	@BeforeAll
	static void render() {
		INSTALLATIONS.clear();
		INSTALLATIONS.add(Manifests.base());
		if (KUBECTL.can(TRIAL)) {
			INSTALLATIONS.add(Manifests.rendered("production", KUBECTL));
			INSTALLATIONS.add(Manifests.rendered("monitoring", KUBECTL));
		}
	}

	static List<Manifests> installations() {
		return INSTALLATIONS;
	}

	private static Manifests installation(String name) {
		KUBECTL.orLeaveOut("the overlays are not rendered", TRIAL);
		return INSTALLATIONS.stream().filter((each) -> each.name().equals(name)).findFirst().orElseThrow();
	}

	@ParameterizedTest
	@MethodSource("files")
	void everyFileHoldsWhatKubernetesTakes(Manifests file) {
		file.assertValid();
	}

	@ParameterizedTest
	@ValueSource(strings = { "production", "monitoring" })
	void everyOverlayRendersToWhatKubernetesTakes(String overlay) {
		installation(overlay).assertValid();
	}

	@Test
	void aFieldThatDoesNotExistIsNoticed() {
		Manifests misspelt = new Manifests("misspelt", List.of(Map.of("apiVersion", "v1", "kind", "Service", "metadata",
				Map.of("name", "x"), "spec", Map.of("prots", List.of()))));

		assertThatExceptionOfType(AssertionError.class).isThrownBy(misspelt::assertValid)
			.withMessageContaining("prots");
	}

	@Test
	void aFieldOfAnotherTypeIsNoticed() {
		Manifests mistyped = new Manifests("mistyped", List.of(Map.of("apiVersion", "policy/v1", "kind",
				"PodDisruptionBudget", "metadata", Map.of("name", "x", "generation", "two"))));

		assertThatExceptionOfType(AssertionError.class).isThrownBy(mistyped::assertValid).withMessageContaining("two");
	}

	@ParameterizedTest
	@MethodSource("installations")
	void thePodIsRestricted(Manifests installation) {
		V1PodSpec pod = pod(installation);
		V1SecurityContext container = container(installation).getSecurityContext();

		assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
		assertThat(pod.getSecurityContext().getRunAsUser()).isEqualTo(10001);
		assertThat(pod.getSecurityContext().getSeccompProfile().getType()).isEqualTo("RuntimeDefault");
		assertThat(container.getAllowPrivilegeEscalation()).isFalse();
		assertThat(container.getReadOnlyRootFilesystem()).isTrue();
		assertThat(container.getCapabilities()).isEqualTo(new V1Capabilities().drop(List.of("ALL")));
		assertThat(container.getPrivileged()).isNull();
		assertThat(pod.getHostNetwork()).isNull();
		assertThat(pod.getHostPID()).isNull();
		assertThat(pod.getVolumes()).allMatch((volume) -> volume.getHostPath() == null);
	}

	@ParameterizedTest
	@MethodSource("installations")
	void thePodKnowsNothingOfTheClusterThatItIsNotTold(Manifests installation) {
		V1PodSpec pod = pod(installation);

		assertThat(pod.getEnableServiceLinks()).isFalse();
		assertThat(pod.getAutomountServiceAccountToken()).isFalse();
		assertThat(pod.getServiceAccountName()).isEqualTo("tallygate");
		assertThat(installation.only(V1ServiceAccount.class).getAutomountServiceAccountToken()).isFalse();
	}

	@ParameterizedTest
	@MethodSource("installations")
	void secretsAreFilesAndNothingElse(Manifests installation) {
		V1Container gateway = container(installation);
		V1VolumeMount mount = gateway.getVolumeMounts()
			.stream()
			.filter((each) -> each.getName().equals("secrets"))
			.findFirst()
			.orElseThrow();
		V1Volume volume = pod(installation).getVolumes()
			.stream()
			.filter((each) -> each.getName().equals("secrets"))
			.findFirst()
			.orElseThrow();

		assertThat(mount.getMountPath())
			.isEqualTo(DocumentedSettings.metadata("tallygate.").get("tallygate.secrets-dir"));
		assertThat(mount.getReadOnly()).isTrue();
		assertThat(volume.getSecret().getDefaultMode()).isEqualTo(0440);
		assertThat(gateway.getEnv()).isNullOrEmpty();
		assertThat(gateway.getEnvFrom()).allMatch((source) -> source.getSecretRef() == null);
		assertThat(settings(installation).keySet()).noneMatch((name) -> name.matches(".*(PASSWORD|TOKEN|KEY)"));
	}

	@ParameterizedTest
	@MethodSource("installations")
	void theProcessWritesOnlyWhereItMay(Manifests installation) {
		Set<String> writable = container(installation).getVolumeMounts()
			.stream()
			.filter((mount) -> !Boolean.TRUE.equals(mount.getReadOnly()))
			.map(V1VolumeMount::getMountPath)
			.collect(Collectors.toSet());

		assertThat(writable).containsExactlyInAnyOrder("/tmp", "/data");
	}

	@ParameterizedTest
	@MethodSource("installations")
	void everySettingExists(Manifests installation) {
		DocumentedSettings.assertKnown(settings(installation).keySet());
	}

	@ParameterizedTest
	@MethodSource("installations")
	void theProbesAskTheManagementPort(Manifests installation) {
		V1Container gateway = container(installation);

		assertThat(gateway.getPorts()).extracting("name", "containerPort")
			.containsExactlyInAnyOrder(tuple("http", 8080), tuple("management", 8081));
		assertAsks(gateway.getStartupProbe(), "/actuator/health/readiness");
		assertAsks(gateway.getReadinessProbe(), "/actuator/health/readiness");
		assertAsks(gateway.getLivenessProbe(), "/actuator/health/liveness");
	}

	@ParameterizedTest
	@MethodSource("installations")
	void aStopHasTheTimeThatTheLongestStreamNeeds(Manifests installation) {
		Map<String, String> defaults = DocumentedSettings.metadata("tallygate.");
		Duration grace = duration(settings(installation).get("TALLYGATE_SHUTDOWN_GRACE"));
		Duration streamMax = duration(defaults.get("tallygate.relay.drain-time-max"));
		Duration drain = duration(defaults.get("tallygate.metering.drain-max"));
		Duration unreachable = Duration
			.ofSeconds(container(installation).getLifecycle().getPreStop().getSleep().getSeconds());
		Duration killedAfter = Duration.ofSeconds(pod(installation).getTerminationGracePeriodSeconds());

		assertThat(grace).isGreaterThanOrEqualTo(streamMax);
		assertThat(unreachable).isGreaterThanOrEqualTo(Duration.ofSeconds(10));
		assertThat(killedAfter).isGreaterThan(unreachable.plus(grace).plus(drain));
	}

	@ParameterizedTest
	@MethodSource("installations")
	void aNewReplicaIsThereBeforeAnOldOneGoes(Manifests installation) {
		var update = installation.only(V1Deployment.class).getSpec().getStrategy().getRollingUpdate();

		assertThat(update.getMaxUnavailable().getIntValue()).isZero();
		assertThat(update.getMaxSurge().getIntValue()).isEqualTo(1);
		assertThat(installation.only(V1PodDisruptionBudget.class).getSpec().getMaxUnavailable().getIntValue())
			.isEqualTo(1);
	}

	@ParameterizedTest
	@MethodSource("installations")
	void whatSelectsThePodFindsIt(Manifests installation) {
		V1Deployment deployment = installation.only(V1Deployment.class);
		Map<String, String> labels = deployment.getSpec().getTemplate().getMetadata().getLabels();

		assertThat(labels).isEqualTo(OURS);
		assertThat(deployment.getSpec().getSelector().getMatchLabels()).isEqualTo(OURS);
		assertThat(installation.only(V1PodDisruptionBudget.class).getSpec().getSelector().getMatchLabels())
			.isEqualTo(OURS);
		assertThat(installation.all(V1Service.class)).isNotEmpty()
			.allSatisfy((service) -> assertThat(service.getSpec().getSelector()).isEqualTo(OURS));
	}

	@ParameterizedTest
	@MethodSource("installations")
	void nothingGoesInOrOutThatIsNotNamed(Manifests installation) {
		List<V1NetworkPolicy> policies = installation.all(V1NetworkPolicy.class);
		V1NetworkPolicy nothing = policies.stream()
			.filter((policy) -> isEmpty(policy.getSpec().getPodSelector()))
			.findFirst()
			.orElseThrow();

		assertThat(nothing.getSpec().getPolicyTypes()).containsExactlyInAnyOrder("Ingress", "Egress");
		assertThat(nothing.getSpec().getIngress()).isNullOrEmpty();
		assertThat(nothing.getSpec().getEgress()).isNullOrEmpty();
		assertThat(policies.stream().filter((policy) -> policy != nothing))
			.allSatisfy((policy) -> assertThat(policy.getSpec().getPodSelector().getMatchLabels()).isEqualTo(OURS));
	}

	@ParameterizedTest
	@MethodSource("installations")
	void outGoNamesAndTheStoresAndHttpsToTheWorld(Manifests installation) {
		Set<String> ways = new TreeSet<>();
		for (V1NetworkPolicy policy : installation.all(V1NetworkPolicy.class)) {
			if (policy.getSpec().getEgress() != null) {
				policy.getSpec()
					.getEgress()
					.forEach((rule) -> rule.getTo()
						.forEach((peer) -> rule.getPorts().forEach((port) -> ways.add(way(peer, port)))));
			}
		}

		assertThat(ways).containsExactlyInAnyOrder("kube-system 53", "data 5432", "data 6379",
				"0.0.0.0/0 except [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12,"
						+ " 192.168.0.0/16] 443",
				"::/0 except [::1/128, fc00::/7, fe80::/10] 443");
	}

	@ParameterizedTest
	@MethodSource("installations")
	void theManagementPortIsOpenToPrometheusAlone(Manifests installation) {
		List<V1NetworkPolicy> open = installation.all(V1NetworkPolicy.class)
			.stream()
			.filter((policy) -> policy.getSpec().getIngress() != null)
			.filter((policy) -> policy.getSpec()
				.getIngress()
				.stream()
				.flatMap((rule) -> rule.getPorts().stream())
				.anyMatch((port) -> port.getPort().toString().equals("management")))
			.toList();

		assertThat(open).hasSize(installation.name().equals("monitoring") ? 1 : 0)
			.allSatisfy((policy) -> assertThat(policy.getSpec().getIngress().get(0).getFrom())
				.allSatisfy((peer) -> assertThat(peer.getNamespaceSelector().getMatchLabels())
					.isEqualTo(Map.of("kubernetes.io/metadata.name", "monitoring"))));
	}

	@ParameterizedTest
	@ValueSource(strings = { "production", "monitoring" })
	void anInstallationAdmitsOnlyRestrictedPodsAndGrowsWithWhatIsUnderWay(String overlay) {
		Manifests installation = installation(overlay);
		V2HorizontalPodAutoscaler autoscaler = installation.only(V2HorizontalPodAutoscaler.class);

		assertThat(installation.only(V1Namespace.class).getMetadata().getLabels())
			.containsEntry("pod-security.kubernetes.io/enforce", "restricted");
		assertThat(autoscaler.getSpec().getScaleTargetRef().getName()).isEqualTo("tallygate");
		assertThat(autoscaler.getSpec().getMinReplicas()).isGreaterThanOrEqualTo(2);
		assertThat(autoscaler.getSpec().getMetrics()).hasSize(1)
			.allSatisfy((metric) -> assertThat(metric.getPods().getMetric().getName())
				.isEqualTo("tallygate_relay_running"));
		assertThat(installation.only(V1Deployment.class).getSpec().getReplicas())
			.as("a number here would be set again by each apply")
			.isNull();
	}

	private static String way(V1NetworkPolicyPeer peer, V1NetworkPolicyPort port) {
		String to = (peer.getIpBlock() != null)
				? peer.getIpBlock().getCidr() + " except " + peer.getIpBlock().getExcept()
				: peer.getNamespaceSelector().getMatchLabels().get("kubernetes.io/metadata.name");
		return to + " " + port.getPort();
	}

	private static boolean isEmpty(V1LabelSelector selector) {
		return ObjectUtils.isEmpty(selector.getMatchLabels()) && ObjectUtils.isEmpty(selector.getMatchExpressions());
	}

	private static void assertAsks(V1Probe probe, String path) {
		assertThat(probe.getHttpGet().getPath()).isEqualTo(path);
		assertThat(probe.getHttpGet().getPort().toString()).isEqualTo("management");
	}

	private static Duration duration(String text) {
		return DurationStyle.detectAndParse(text);
	}

	private static V1PodSpec pod(Manifests installation) {
		return installation.only(V1Deployment.class).getSpec().getTemplate().getSpec();
	}

	private static V1Container container(Manifests installation) {
		List<V1Container> containers = pod(installation).getContainers();
		assertThat(containers).hasSize(1);
		return containers.get(0);
	}

	private static Map<String, String> settings(Manifests installation) {
		return installation.all(V1ConfigMap.class)
			.stream()
			.filter((map) -> map.getMetadata().getName().equals("tallygate-settings"))
			.map(V1ConfigMap::getData)
			.findFirst()
			.orElseThrow();
	}

}
