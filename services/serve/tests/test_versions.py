"""Models that earlier versions of the contract described go live, and answer as they did."""

import json
import shutil
from pathlib import Path

import pytest
from asking import Worker

EXAMPLES = Path(__file__).parents[3] / "contract/examples"


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_a_model_of_an_earlier_version_is_served(version: str, tmp_path: Path) -> None:
    volume = shutil.copytree(EXAMPLES / version / "model", tmp_path / "model")
    artifact = volume / (volume / "LATEST").read_text().strip()
    lines = (artifact / "examples.jsonl").read_text().splitlines()
    example = json.loads(lines[0])

    answer = Worker(volume).predict(example["row"])

    assert json.loads((artifact / "manifest.json").read_bytes())["contract"] == version
    (prediction,) = answer.json()["predictions"]
    assert prediction["price"] == pytest.approx(example["expected"], rel=1e-5)
