"""Digests, against vectors that were made with sha256sum and not with this code."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from stage_contract.artifacts.digests import artifact_id, content_digest, file_digest, settings_text

CONTRACT = Path(__file__).parents[1]
VECTORS = json.loads((CONTRACT / "examples/vectors/digests.json").read_bytes())


def sha256sum(text: str) -> str:
    """Return what the command prints for these bytes."""
    result = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True)
    return result.stdout.decode().split()[0]


def each(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[name], ids=lambda vector: vector["about"])


@each("content")
def test_content_is_the_digest_of_the_lines_that_sha256sum_prints(vector: dict[str, Any]) -> None:
    files = [(file["path"], file["sha256"]) for file in vector["files"]]
    lines = "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(files, key=by_bytes))

    assert content_digest(files) == vector["content"]
    assert sha256sum(lines) == vector["content"]


@each("content")
def test_the_command_in_the_contract_prints_the_content(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    for file in vector["files"]:
        path = tmp_path / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file["text"].encode())
    for name in ("manifest.json", "run.json", "verdict.json"):
        (tmp_path / name).write_text("not a part of the content", encoding="utf-8")

    result = subprocess.run(
        ["sh", "-c", command_in_the_contract()], cwd=tmp_path, capture_output=True, check=True
    )

    assert result.stdout.decode().split()[0] == vector["content"]


@each("content")
def test_a_file_digest_is_what_sha256sum_prints(vector: dict[str, Any], tmp_path: Path) -> None:
    for file in vector["files"]:
        (tmp_path / "file").write_bytes(file["text"].encode())

        assert file_digest(tmp_path / "file") == file["sha256"] == sha256sum(file["text"])


def test_the_order_of_the_files_does_not_matter() -> None:
    files = [(path, "0" * 64) for path in ("b", "a/b", "a.b", "é", "\U0001f600", "～")]

    assert content_digest(files) == content_digest(files[::-1])


@each("settings")
def test_settings_are_one_json_text_with_sorted_keys(vector: dict[str, Any]) -> None:
    assert settings_text(vector["values"]) == vector["text"]
    assert json.loads(vector["text"]) == vector["values"]
    assert sha256sum(vector["text"]) == vector["sha256"]


def test_settings_without_a_place_in_json_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        settings_text({"share": float("nan")})


@each("id")
def test_an_id_is_the_digest_of_what_an_artifact_is_made_from(vector: dict[str, Any]) -> None:
    inputs = [(name, digest) for name, digest in vector["inputs"]]
    lines = [
        "contract 1",
        f"kind {vector['kind']}",
        f"build {vector['build']}",
        f"settings {sha256sum(vector['settings'])}",
        *(f"input {name} {digest}" for name, digest in sorted(inputs, key=by_bytes)),
    ]

    assert vector["id"] == artifact_id(
        vector["kind"], build=vector["build"], settings=vector["settings"], inputs=inputs
    )
    assert vector["id"] == sha256sum("".join(f"{line}\n" for line in lines))[:16]


def test_every_vector_gives_another_id() -> None:
    ids = [vector["id"] for vector in VECTORS["id"]]

    assert len(set(ids)) == len(ids)


def by_bytes(item: tuple[str, str]) -> bytes:
    return item[0].encode()


def command_in_the_contract() -> str:
    """Return the command that contract/reference/manifest.md gives for `content`."""
    page = (CONTRACT / "reference/manifest.md").read_text(encoding="utf-8")
    command = page[page.index("find . -type f") :].split("`")[0]
    assert shlex.split(command)[-1] == "sha256sum"
    return command
