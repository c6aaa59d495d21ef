"""deploy/kubernetes runs the containers of compose.yaml: what both can state is equal in both."""

import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy/kubernetes/base"
OVERLAYS = sorted((ROOT / "deploy/kubernetes/overlays").iterdir())
TMP = "/tmp"  # noqa: S108  # the containers' own
UNITS = {"": 1, "m": 2**20, "g": 2**30, "Mi": 2**20, "Gi": 2**30}
COMPARED = {
    *("image", "user", "read_only", "cap_drop", "security_opt", "tmpfs", "stop_grace_period"),
    *("pull_policy", "environment", "network_mode", "restart", "mem_limit", "volumes"),
    *("depends_on", "ports"),
}
NO_FIELD = {
    "build": "the cluster pulls images; nothing is built there",
    "init": "shareProcessNamespace makes the pause container process 1",
    "pids_limit": "a limit of the node: podPidsLimit of its kubelet",
    "memswap_limit": "a matter of the node: memorySwap of its kubelet, if the node has swap",
    "logging": "a matter of the node: containerLogMaxSize and containerLogMaxFiles of its kubelet",
}
"""Keys of Compose that a pod has no field for, with what takes their place."""
NO_MEANING = {"DATA": "names a folder of the host, for commands with make in ingest's messages"}
"""Variables of Compose that no container needs in a cluster."""

type Object = dict[str, Any]


@dataclass(frozen=True)
class Container:
    """What Compose and Kubernetes both state about a container."""

    image: str
    pull: str
    user: str
    memory_bytes: int
    mounts: frozenset[tuple[str, str, bool]]
    """Source, target, whether it is read-only."""
    tmp_bytes: int
    environment: frozenset[tuple[str, str]]
    root_is_read_only: bool
    dropped: tuple[str, ...]
    may_gain_privileges: bool
    has_network: bool
    restarts: bool
    ports: tuple[int, ...]
    stop_seconds: int


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w*)", text).groups()  # type: ignore[union-attr]
    return int(number) * UNITS[unit]


def read_compose() -> dict[str, Object]:
    """Return the services of the pipeline, with the default of each variable."""
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    return {name: of for name, of in document["services"].items() if "profiles" not in of}


def read_base() -> dict[tuple[str, str], Object]:
    """Return the objects of the base by kind and name, and what its kustomization.yaml makes."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text(encoding="utf-8"))
    objects = [
        *(
            item
            for name in kustomization["resources"]
            for item in yaml.safe_load_all((BASE / name).read_text(encoding="utf-8"))
        ),
        *(
            {
                "kind": "ConfigMap",
                "metadata": {"name": generator["name"]},
                "data": dict(literal.split("=", 1) for literal in generator["literals"]),
            }
            for generator in kustomization["configMapGenerator"]
        ),
    ]
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


def composed(services: dict[str, Object]) -> dict[str, Container]:
    return {name: of_compose(service) for name, service in services.items()}


def of_compose(service: Object) -> Container:
    tmp = re.fullmatch(TMP + r":size=(\w+),mode=1777", *service["tmpfs"])
    assert tmp
    mounts = (volume.removeprefix("./").split(":") for volume in service["volumes"])
    return Container(
        image=service["image"],
        pull={"missing": "IfNotPresent"}[service["pull_policy"]],
        user=service["user"],
        memory_bytes=size(service["mem_limit"]),
        mounts=frozenset((source, target, mode == ["ro"]) for source, target, *mode in mounts),
        tmp_bytes=size(tmp[1]),
        environment=frozenset(
            item for item in service["environment"].items() if item[0] not in NO_MEANING
        ),
        root_is_read_only=service["read_only"],
        dropped=tuple(service["cap_drop"]),
        may_gain_privileges="no-new-privileges:true" not in service["security_opt"],
        has_network=service["network_mode"] != "none",
        restarts=service["restart"] != "no",
        ports=tuple(int(port.rpartition(":")[2]) for port in service.get("ports", [])),
        stop_seconds=int(service["stop_grace_period"].removesuffix("s")),
    )


def in_cluster(objects: dict[tuple[str, str], Object]) -> dict[str, Container]:
    return {
        container["name"]: of_pod(container, pod, objects=objects)
        for workload in (objects["Job", "pipeline"], objects["Deployment", "serve"])
        for pod in [workload["spec"]["template"]]
        for container in containers(pod)
    }


def containers(pod: Object) -> list[Object]:
    """Return the containers of a pod in the order in which they start."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def of_pod(container: Object, pod: Object, *, objects: dict[tuple[str, str], Object]) -> Container:
    spec, security = pod["spec"], container["securityContext"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    tmp = volumes[mounts.pop(TMP)["name"]]["emptyDir"]
    assert tmp["medium"] == "Memory"
    who = spec["securityContext"]
    waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    [source] = container["envFrom"]
    return Container(
        image=container["image"],
        pull=container["imagePullPolicy"],
        user=f"{who['runAsUser']}:{who['runAsGroup']}",
        memory_bytes=size(container["resources"]["limits"]["memory"]),
        mounts=frozenset(
            (source_of(volumes[mount["name"]]), target, mount.get("readOnly", False))
            for target, mount in mounts.items()
        ),
        tmp_bytes=size(tmp["sizeLimit"]),
        environment=frozenset(objects["ConfigMap", source["configMapRef"]["name"]]["data"].items()),
        root_is_read_only=security["readOnlyRootFilesystem"],
        dropped=tuple(security["capabilities"]["drop"]),
        may_gain_privileges=security["allowPrivilegeEscalation"],
        has_network=has_network(pod["metadata"]["labels"], objects),
        restarts=spec.get("restartPolicy", "Always") == "Always",
        ports=tuple(port["containerPort"] for port in container.get("ports", [])),
        stop_seconds=spec["terminationGracePeriodSeconds"] - waits,
    )


def source_of(volume: Object) -> str:
    if "configMap" in volume:
        return str(volume["configMap"]["name"])
    return str(volume["persistentVolumeClaim"]["claimName"])


def has_network(labels: Object, objects: dict[tuple[str, str], Object]) -> bool:
    [policy] = [
        item["spec"]
        for (kind, _), item in objects.items()
        if kind == "NetworkPolicy" and item["spec"]["podSelector"]["matchLabels"] == labels
    ]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    return bool(policy.get("ingress") or policy.get("egress"))


def order(services: dict[str, Object]) -> list[str]:
    """Return the batch stages in the order of `depends_on`, which is a chain that ends in serve."""
    names = ["serve"]
    while before := services[names[0]].get("depends_on"):
        names = [*before, *names]
    return names[:-1]


COMPOSE, OBJECTS = read_compose(), read_base()


def test_each_container_is_the_one_of_compose() -> None:
    assert in_cluster(OBJECTS) == composed(COMPOSE)


def test_the_stages_run_in_the_order_of_compose() -> None:
    job = OBJECTS["Job", "pipeline"]["spec"]["template"]

    assert [container["name"] for container in containers(job)] == order(COMPOSE)


def test_every_setting_of_compose_is_compared_or_has_a_reason() -> None:
    used = {key for service in COMPOSE.values() for key in service}

    assert used == COMPARED | set(NO_FIELD)


def change(objects: Any, /, *path: str | int, to: object) -> None:
    *places, last = path
    for place in places:
        objects = objects[place]
    objects[last] = to


JOB = ("spec", "template", "spec")


@pytest.mark.parametrize(
    ("kind", "path", "to"),
    [
        ("Job", (*JOB, "containers", 0, "resources", "limits", "memory"), "2Gi"),
        ("Job", (*JOB, "initContainers", 1, "image"), "stagecoach/clean:old"),
        ("Job", (*JOB, "initContainers", 0, "volumeMounts", 0, "readOnly"), False),
        ("Job", (*JOB, "initContainers", 2, "volumeMounts", 1, "name"), "model"),
        ("Job", (*JOB, "securityContext", "runAsUser"), 0),
        ("Job", (*JOB, "volumes", 6, "emptyDir", "sizeLimit"), "65Mi"),
        ("Job", (*JOB, "restartPolicy"), "Always"),
        ("Deployment", (*JOB, "containers", 0, "resources", "limits", "memory"), "1Gi"),
        ("Deployment", (*JOB, "containers", 0, "securityContext", "capabilities", "drop"), []),
        ("Deployment", (*JOB, "containers", 0, "securityContext", "readOnlyRootFilesystem"), 0),
        ("Deployment", (*JOB, "containers", 0, "securityContext", "allowPrivilegeEscalation"), 1),
        ("Deployment", (*JOB, "containers", 0, "ports", 0, "containerPort"), 8080),
        ("Deployment", (*JOB, "terminationGracePeriodSeconds"), 10),
        ("NetworkPolicy", ("spec", "egress"), [{}]),
        ("ConfigMap", ("data", "PIPELINE"), "penguins"),
    ],
)
def test_a_change_in_the_manifests_alone_is_found(
    kind: str, path: tuple[str | int, ...], to: object
) -> None:
    objects = deepcopy(OBJECTS)
    name = {"Job": "pipeline", "Deployment": "serve", "NetworkPolicy": "batch"}
    change(objects[kind, name.get(kind, "environment")], *path, to=to)

    assert in_cluster(objects) != composed(COMPOSE)


@pytest.mark.parametrize(
    ("service", "key", "to"),
    [
        ("serve", "mem_limit", "1g"),
        ("train", "mem_limit", "8g"),
        ("clean", "volumes", ["raw-data:/data/in", "clean-data:/data/out"]),
        ("features", "user", "0:0"),
        ("ingest", "network_mode", "bridge"),
    ],
)
def test_a_change_in_compose_alone_is_found(service: str, key: str, to: object) -> None:
    services = deepcopy(COMPOSE)
    change(services, service, key, to=to)

    assert in_cluster(OBJECTS) != composed(services)


def test_another_order_in_the_job_is_found() -> None:
    job = deepcopy(OBJECTS["Job", "pipeline"]["spec"]["template"])
    job["spec"]["initContainers"].reverse()

    assert [container["name"] for container in containers(job)] != order(COMPOSE)


@pytest.mark.parametrize("workload", [("Job", "pipeline"), ("Deployment", "serve")])
def test_a_pod_keeps_the_restricted_standard_and_has_no_key_of_the_cluster(
    workload: tuple[str, str],
) -> None:
    spec = OBJECTS[workload]["spec"]["template"]["spec"]
    labels = OBJECTS["Namespace", "stagecoach"]["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["shareProcessNamespace"] is True
    assert {"hostNetwork", "hostPID", "hostIPC"}.isdisjoint(spec)
    assert {kind for volume in spec["volumes"] for kind in volume} <= {
        *("name", "persistentVolumeClaim", "configMap", "emptyDir"),
    }


def test_the_job_tries_again_only_what_may_end_otherwise() -> None:
    page = (ROOT / "contract/reference/exit-codes.md").read_text(encoding="utf-8")
    codes = {int(code) for code in re.findall(r"^\* (\d+):", page, re.MULTILINE)}
    spec = OBJECTS["Job", "pipeline"]["spec"]
    ignored, failed = spec["podFailurePolicy"]["rules"]

    assert spec["backoffLimit"] == 1
    assert ignored["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert failed["action"] == "FailJob"
    assert set(failed["onExitCodes"]["values"]) == codes - {0, 143}


def test_each_claim_can_be_mounted_on_several_nodes() -> None:
    claims = {name: item for (kind, name), item in OBJECTS.items() if kind[-5:] == "Claim"}
    sources = {source for of in composed(COMPOSE).values() for source, *_ in of.mounts}

    assert set(claims) == sources - {"pipelines"}
    assert {tuple(item["spec"]["accessModes"]) for item in claims.values()} == {("ReadWriteMany",)}


def test_what_belongs_to_serve_selects_its_pods() -> None:
    deployment = OBJECTS["Deployment", "serve"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    scaler = OBJECTS["HorizontalPodAutoscaler", "serve"]["spec"]["scaleTargetRef"]

    assert deployment["selector"] == {"matchLabels": labels}
    assert OBJECTS["Service", "serve"]["spec"]["selector"] == labels
    assert OBJECTS["PodDisruptionBudget", "serve"]["spec"]["selector"] == {"matchLabels": labels}
    assert (scaler["kind"], scaler["name"]) == ("Deployment", "serve")
    assert "cpu" in containers(deployment["template"])[0]["resources"]["requests"]


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_an_overlay_changes_no_container_except_for_its_image_and_environment(
    overlay: Path,
) -> None:
    settings = yaml.safe_load((overlay / "kustomization.yaml").read_text(encoding="utf-8"))
    patches = [(patch, yaml.safe_load(patch["patch"])) for patch in settings["patches"]]
    kinds = {patch.get("target", content)["kind"] for patch, content in patches}
    images = {image["name"] for image in settings.get("images", [])}
    added = {
        literal.partition("=")[0]
        for generator in settings.get("configMapGenerator", [])
        for literal in generator["literals"]
    }

    assert settings["resources"] == ["../../base"]
    assert set(settings) <= {
        *("apiVersion", "kind", "namespace", "resources"),
        *("patches", "images", "configMapGenerator"),
    }
    assert kinds <= {"HorizontalPodAutoscaler", "PersistentVolumeClaim"}
    assert images in (set(), {of.image.removesuffix(":dev") for of in composed(COMPOSE).values()})
    assert added <= set(OBJECTS["ConfigMap", "environment"]["data"])
