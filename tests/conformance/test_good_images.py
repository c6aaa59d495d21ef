"""The kit finds no fault in images that keep the contract, and says so to people and machines."""

import json
from pathlib import Path

import docker
import pytest
from conformance.__main__ import main
from conformance.harness.checking import CHECKS
from conformance.harness.stages import STAGES
from support.breaking import faults_in, verdicts
from support.planted_faults import FOREIGN_STAGES, conformant_image
from support.running import stage_of

NOT_DUE = {"train": {"intervals": "no model has intervals", "quantiles": "no model has quantiles"}}
"""Checks of what a stage makes only where it is asked to, with the reason why they are skipped."""


@pytest.mark.parametrize("stage", STAGES)
def test_a_default_image_has_no_fault(
    stage: str, images: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "report.json"

    code = main(["--stage", stage, "--image", images[stage], "--json", str(path), "--seed", "1"])

    report = json.loads(path.read_bytes())
    assert [check for check in report["checks"] if check["verdict"] == "fault"] == []
    skipped = [check["name"] for check in report["checks"] if check["verdict"] == "skip"]
    assert skipped == list(NOT_DUE.get(stage, {}))
    assert code == 0
    assert {name: report[name] for name in ("stage", "image", "contract")} == {
        "stage": stage,
        "image": images[stage],
        "contract": "1.4",
    }
    expected = [(check.name, check.promise) for check in CHECKS if stage in check.stages]
    assert [(check["name"], check["promise"]) for check in report["checks"]] == expected
    first, ok, *skips, last = capsys.readouterr().out.splitlines()
    assert first == f"{stage}: {images[stage]}, {len(expected)} checks, seed 1"
    held = [name for name, _ in expected if name not in skipped]
    assert ok == f"ok     {', '.join(held)}"
    reasons = "; ".join(f"{each} ({NOT_DUE[stage][each]})" for each in skipped)
    assert skips == ([f"skip   {reasons}"] if reasons else [])
    assert f"{len(held)} hold, 0 do not, {len(skipped)} skipped" in last


@pytest.mark.parametrize("folder", sorted(path.name for path in FOREIGN_STAGES.glob("*/")))
def test_a_stage_in_another_language_has_no_fault(folder: str, engine: docker.DockerClient) -> None:
    image = conformant_image(folder)

    try:
        found = verdicts(engine, image, stage_of(folder))
    finally:
        engine.images.remove(image, noprune=True)

    assert faults_in(found) == []


def test_a_default_server_has_no_fault_by_the_standard_protocol_alone(
    engine: docker.DockerClient, images: dict[str, str]
) -> None:
    found = verdicts(engine, images["serve"], "serve", api="oip")

    assert faults_in(found) == []
    skipped = {verdict.check.name for verdict in found if verdict.verdict == "skip"}
    assert {"predict", "health", "docs"} <= skipped
