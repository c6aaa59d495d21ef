"""compose.yaml is the architecture drawing; these tests hold it to the rules that it draws."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BATCH = ("ingest", "clean", "features", "train")
VOLUMES = {
    "ingest": ("${DATA:-./data}", "raw-data"),
    "clean": ("raw-data", "clean-data"),
    "features": ("clean-data", "feature-data"),
    "train": ("feature-data", "model"),
}

compose: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
tracking: dict[str, Any] = yaml.safe_load((ROOT / "deploy/tracking.yaml").read_text("utf-8"))
monitor: dict[str, Any] = yaml.safe_load((ROOT / "deploy/monitor.yaml").read_text("utf-8"))[
    "services"
]["monitor"]
EXTRAS = tracking["services"] | {"monitor": monitor}
services: dict[str, dict[str, Any]] = compose["services"]
pipeline = [name for name, service in services.items() if "profiles" not in service]


def mounts(service: str) -> set[str]:
    return set(services[service]["volumes"])


def test_there_are_five_services_and_four_volumes() -> None:
    assert pipeline == [*BATCH, "serve"]
    assert list(compose["volumes"]) == ["raw-data", "clean-data", "feature-data", "model"]


@pytest.mark.parametrize("stage", BATCH)
def test_a_stage_reads_one_volume_read_only_and_writes_one(stage: str) -> None:
    source, target = VOLUMES[stage]

    assert mounts(stage) == {
        f"{source}:/data/in:ro",
        f"{target}:/data/out",
        "${PIPELINES:-./pipelines}:/config:ro",
    }


def test_what_is_run_on_demand_alone_has_a_profile_of_its_name() -> None:
    on_demand = {name: services[name]["profiles"] for name in services if name not in pipeline}

    assert on_demand == {"batch": ["batch"]}
    assert "depends_on" not in services["batch"]


def test_batch_scoring_writes_to_a_folder_of_the_host_and_to_nothing_else() -> None:
    assert mounts("batch") == {
        "${DATA:-./data}:/data/source:ro",
        "model:/data/in:ro",
        "${RESULTS:-./out}:/data/out",
    }


def test_batch_scoring_is_a_target_of_the_image_that_serves() -> None:
    assert services["batch"]["build"]["context"] == services["serve"]["build"]["context"]
    assert services["batch"]["build"]["target"] == "serve-batch"
    assert "target" not in services["serve"]["build"]
    assert services["batch"]["image"] == "${REGISTRY:-stagecoach}/serve-batch:${TAG:-dev}"


def test_serve_mounts_nothing_it_could_write() -> None:
    assert mounts("serve") == {"model:/data/in:ro", "${PIPELINES:-./pipelines}:/config:ro"}


@pytest.mark.parametrize("volume", ["raw-data", "clean-data", "feature-data", "model"])
def test_each_volume_has_one_writer(volume: str) -> None:
    writers = [name for name in services if f"{volume}:/data/out" in mounts(name)]

    assert len(writers) == 1


@pytest.mark.parametrize("service", [*services, *EXTRAS])
def test_every_container_is_hardened(service: str) -> None:
    settings = (services | EXTRAS)[service]

    assert settings["user"] == "10001:10001"
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert "cap_add" not in settings
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert settings["init"] is True
    assert settings["pids_limit"] > 0
    assert settings["mem_limit"]
    assert "privileged" not in settings


@pytest.mark.parametrize("stage", [*BATCH, "batch"])
def test_a_batch_stage_has_no_network_and_runs_once(stage: str) -> None:
    assert services[stage]["network_mode"] == "none"
    assert services[stage]["restart"] == "no"


def test_what_tracks_reads_models_and_the_pipelines_name_alone_and_writes_no_volume() -> None:
    assert list(tracking["services"]) == ["track", "tracker"]
    for service in tracking["services"].values():
        assert service["volumes"] == ["model:/data/in:ro", "${PIPELINES:-./pipelines}:/config:ro"]
        assert service["build"]["context"] == "extras/track"
        assert service["image"] == "${REGISTRY:-stagecoach}/track:${TAG:-dev}"


def test_the_monitor_has_no_network_and_writes_its_own_volume_alone() -> None:
    writable = [volume for volume in monitor["volumes"] if not volume.endswith(":ro")]

    assert monitor["network_mode"] == "none"
    assert writable == ["monitoring-data:/data/out"]


def test_no_service_needs_a_network_of_the_project() -> None:
    assert services["serve"]["network_mode"] == "bridge"
    assert "networks" not in compose
    assert [name for name in services if "networks" in services[name]] == []


def test_stages_wait_for_the_one_before_to_succeed() -> None:
    chain = {name: list(services[name].get("depends_on", {})) for name in pipeline}

    assert chain == {
        "ingest": [],
        "clean": ["ingest"],
        "features": ["clean"],
        "train": ["features"],
        "serve": ["train"],
    }
    conditions = {
        dependency["condition"]
        for service in services.values()
        for dependency in service.get("depends_on", {}).values()
    }
    assert conditions == {"service_completed_successfully"}


def test_the_port_is_bound_to_the_loopback_address_by_default() -> None:
    assert services["serve"]["ports"] == ["${BIND:-127.0.0.1}:${PORT:-8000}:8000"]


@pytest.mark.parametrize("service", [*BATCH, "serve"])
def test_images_are_named_by_registry_and_tag(service: str) -> None:
    assert services[service]["image"] == f"${{REGISTRY:-stagecoach}}/{service}:${{TAG:-dev}}"
    assert services[service]["build"]["context"] == f"services/{service}"


def test_nobody_mounts_the_engine_socket() -> None:
    assert "docker.sock" not in (ROOT / "compose.yaml").read_text(encoding="utf-8")
