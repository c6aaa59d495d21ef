"""What `make models` makes of a volume: on a copy of the contract's example."""

import json
import shutil
from pathlib import Path

import pytest
from models import lines
from support.running import ROOT


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "contract/examples/model", tmp_path / "model")


def model(volume: Path) -> Path:
    return volume / (volume / "LATEST").read_text().strip()


def test_a_model_is_listed_with_its_scores_and_marks(volume: Path) -> None:
    (volume / "PINNED").write_text(model(volume).name)
    (model(volume) / "run.json").write_text('{"finished": "2026-01-31T12:00:00+00:00"}')

    heading, listed = lines(volume, [model(volume).name])

    assert heading.startswith("model ")
    assert listed.startswith(f"{model(volume).name}  2026-01-31 12:00:00 ")
    assert listed.endswith("  <- LATEST, PINNED, served")


@pytest.mark.parametrize("text", ["", '{"finished": "2026', "[]", "folder"])
def test_a_torn_run_is_told_below_the_list(volume: Path, text: str) -> None:
    run = model(volume) / "run.json"
    if text == "folder":
        run.mkdir()
    else:
        run.write_text(text)

    _, listed, told = lines(volume, [])

    assert listed.startswith(f"{model(volume).name}  -  ")
    assert listed.endswith("  <- LATEST")
    assert told.startswith(
        f"damaged: {model(volume).name}/run.json, the time of publication, can't"
    )
    assert "make rerun FORCE=train" in told


@pytest.mark.parametrize(
    ("pointer", "content", "says"),
    [
        ("PINNED", b"\xff\xfe", "is not an id of 16 hex digits; unpin"),
        ("PINNED", b"", "is not an id of 16 hex digits; unpin"),
        ("PINNED", None, "is a folder; expected a file with an id; remove it"),
        ("LATEST", b"\xff\xfe", "is not an id of 16 hex digits; run the stage"),
    ],
)
def test_a_pointer_that_names_nothing_is_told_below_the_list(
    volume: Path, pointer: str, content: bytes | None, says: str
) -> None:
    name = model(volume).name
    if content is None:
        (volume / pointer).mkdir()
    else:
        (volume / pointer).write_bytes(content)

    _, listed, told = lines(volume, [])

    assert listed.startswith(name)
    assert told.startswith(f"damaged: {pointer}: ")
    assert says in told


def test_a_refusal_that_stands_is_the_last_line(volume: Path) -> None:
    live = model(volume)
    other = shutil.copytree(live, volume / "0123456789abcdef")
    manifest = json.loads((other / "manifest.json").read_text()) | {"id": other.name}
    (other / "manifest.json").write_text(json.dumps(manifest))
    (other / "verdict.json").write_text('{"accepted": false, "reasons": ["r2 0.2"]}')
    (volume / "REFUSED").write_text(f"{other.name}\n")

    said = [*lines(volume, [])]

    assert said[-1] == (
        f"train refused model {other.name}: r2 0.2; {live.name} stays live; fix the cause, or"
        f" accept it anyway: make accept ID={other.name}"
    )
