"""Reading artifacts: what is refused, and with which words."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage_contract import Artifact, ContractError, open_artifact, open_latest, read_pointer

type Publish = Callable[..., Artifact]


def change_manifest(artifact: Artifact, **facts: Any) -> None:
    (artifact.path / "manifest.json").write_text(json.dumps(artifact.manifest | facts))


def test_a_published_artifact_is_read_back(volume: Path, publish_example: Publish) -> None:
    publish_example(volume, text="42")

    artifact = open_latest(volume, "clean-data")
    artifact.verify()

    assert artifact.file("table/part-00000.txt").read_text() == "42"
    assert artifact.files("table") == [artifact.path / "table/part-00000.txt"]
    assert (artifact.kind, artifact.rows, artifact.id) == ("clean-data", 1, "a" * 16)
    assert artifact.inputs == [("clean-data", artifact.content)]


def test_a_tampered_byte_is_noticed_when_the_file_is_asked_for(
    volume: Path, publish_example: Publish
) -> None:
    artifact = publish_example(volume, text="42")
    (artifact.path / "table/part-00000.txt").write_text("43")

    with pytest.raises(ContractError, match=r"part-00000.txt does not match its SHA-256"):
        open_latest(volume, "clean-data").file("table/part-00000.txt")


def test_a_torn_file_is_noticed_by_its_size_alone(volume: Path, publish_example: Publish) -> None:
    artifact = publish_example(volume, text="42")
    os.truncate(artifact.path / "table/part-00000.txt", 1)

    with pytest.raises(
        ContractError, match=r"has 1 bytes, the manifest says 2; .* make repair makes"
    ):
        open_latest(volume, "clean-data").verify()


def test_a_missing_file_is_noticed(volume: Path, publish_example: Publish) -> None:
    artifact = publish_example(volume)
    (artifact.path / "schema.json").unlink()

    with pytest.raises(ContractError, match=r"schema\.json is missing"):
        open_latest(volume, "clean-data").verify()
    with pytest.raises(ContractError, match=r"schema\.json is missing"):
        open_latest(volume, "clean-data").file("schema.json")


def test_an_unlisted_file_is_refused(volume: Path, publish_example: Publish) -> None:
    artifact = publish_example(volume)
    (artifact.path / "table/part-00001.txt").write_text("")

    with pytest.raises(ContractError, match=r"table/part-00001\.txt is not in the manifest"):
        open_latest(volume, "clean-data").verify()


def test_a_file_that_the_manifest_does_not_list_is_not_handed_out(
    volume: Path, publish_example: Publish
) -> None:
    artifact = publish_example(volume)

    with pytest.raises(ContractError, match=r"run\.json is not in the manifest of this clean-data"):
        artifact.file("run.json")


def test_files_beside_the_listed_ones_are_the_three_of_the_contract(
    volume: Path, publish_example: Publish
) -> None:
    artifact = publish_example(volume)
    (artifact.path / "verdict.json").write_text("{}")

    open_latest(volume, "clean-data").verify()


def test_a_link_in_place_of_a_file_is_refused(volume: Path, publish_example: Publish) -> None:
    artifact = publish_example(volume)
    file = artifact.path / "schema.json"
    file.rename(volume / "elsewhere")
    file.symlink_to(volume / "elsewhere")

    with pytest.raises(ContractError, match=r"schema\.json is a link"):
        open_latest(volume, "clean-data").file("schema.json")
    with pytest.raises(ContractError, match=r"schema\.json is a link"):
        open_latest(volume, "clean-data").verify()


def test_a_link_in_place_of_a_folder_is_refused(volume: Path, publish_example: Publish) -> None:
    artifact = publish_example(volume)
    folder = artifact.path / "table"
    folder.rename(volume / "elsewhere")
    folder.symlink_to(volume / "elsewhere")

    with pytest.raises(ContractError, match=r"part-00000\.txt is a link"):
        open_latest(volume, "clean-data").file("table/part-00000.txt")
    with pytest.raises(ContractError, match="table is a link"):
        open_latest(volume, "clean-data").verify()


@pytest.mark.parametrize("name", ["manifest.json", "."])
def test_an_artifact_that_is_reached_by_a_link_is_refused(
    volume: Path, publish_example: Publish, name: str
) -> None:
    linked = publish_example(volume).path / name
    linked.rename(volume / "elsewhere")
    linked.symlink_to(volume / "elsewhere")

    with pytest.raises(ContractError, match="is reached by a link"):
        open_latest(volume, "clean-data")


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "/etc/passwd",
        "table/../../secret",
        "./a",
        "a//b",
        "a/",
        ".",
        "",
        "a\nb",
        "\ud800",
    ],
)
def test_a_path_that_leaves_the_artifact_is_refused(
    volume: Path, publish_example: Publish, path: str
) -> None:
    artifact = publish_example(volume)
    change_manifest(artifact, files=[{"path": path, "bytes": 1, "sha256": "0" * 64}])

    with pytest.raises(ContractError, match="expected a relative path inside the artifact"):
        open_latest(volume, "clean-data")


def test_another_kind_is_refused_with_a_look_at_the_mount(
    volume: Path, publish_example: Publish
) -> None:
    publish_example(volume, kind="raw-data")

    with pytest.raises(
        ContractError, match="holds raw-data, expected clean-data; check which volume is mounted"
    ):
        open_latest(volume, "clean-data")


def test_another_major_version_is_refused_with_the_image_to_update(
    volume: Path, publish_example: Publish
) -> None:
    artifact = publish_example(volume)
    text = json.dumps({"contract": "2.0", "stage": {"name": "clean"}, "new": "shape"})
    (artifact.path / "manifest.json").write_text(text)

    with pytest.raises(
        ContractError,
        match=r"written for contract 2.0, this image reads 1.4; update .* the image of clean",
    ):
        open_latest(volume, "clean-data")


def test_another_minor_version_and_unknown_fields_are_accepted(
    volume: Path, publish_example: Publish
) -> None:
    artifact = publish_example(volume)
    files = [entry | {"rows": 7} for entry in artifact.manifest["files"]]
    change_manifest(artifact, contract="1.7", colour="blue", files=files)

    open_latest(volume, "clean-data").verify()


def test_an_artifact_under_another_name_than_its_id_is_refused(
    volume: Path, publish_example: Publish
) -> None:
    publish_example(volume).path.rename(volume / ("b" * 16))

    with pytest.raises(ContractError, match="its manifest says id aaaaaaaaaaaaaaaa"):
        open_artifact(volume / ("b" * 16))


def test_a_manifest_whose_content_is_not_that_of_its_files_is_refused(
    volume: Path, publish_example: Publish
) -> None:
    change_manifest(publish_example(volume), content="0" * 64)

    with pytest.raises(ContractError, match="content is not the digest of its files"):
        open_latest(volume, "clean-data")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ('{"contract": "1.0"', "not JSON"),
        ("\xff\xfe", "not JSON"),
        ("[]", "expected an object"),
        ("{}", "contract is missing"),
        ('{"contract": 1.0}', "contract = 1.0: expected a text"),
        ('{"contract": "1.0"}', "kind is missing"),
    ],
)
def test_a_malformed_manifest_is_refused(
    volume: Path, publish_example: Publish, text: str, says: str
) -> None:
    artifact = publish_example(volume)
    (artifact.path / "manifest.json").write_text(text, encoding="latin-1")

    with pytest.raises(ContractError, match=says):
        open_latest(volume, "clean-data")


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"files": {}}, "files = {}: expected a list"),
        ({"files": ["a"]}, r"files\[0\]: expected an object"),
        ({"files": [{"path": "a"}]}, r"files\[0\]: bytes is missing"),
        ({"files": [{"path": 1, "bytes": 1, "sha256": ""}]}, "path = 1: expected a text"),
        ({"files": [{"path": "a", "bytes": "1", "sha256": ""}]}, "bytes = '1': expected a whole"),
        ({"rows": "many"}, "rows = 'many': expected a whole number"),
        ({"stage": "clean"}, "stage = 'clean': expected an object"),
        ({"lineage": None}, "lineage = None: expected a list"),
    ],
)
def test_a_manifest_with_a_fact_of_another_type_is_refused(
    volume: Path, publish_example: Publish, facts: dict[str, Any], says: str
) -> None:
    change_manifest(publish_example(volume), **facts)

    with pytest.raises(ContractError, match=says):
        open_latest(volume, "clean-data")


def test_an_empty_volume_says_which_stage_to_run_first(volume: Path) -> None:
    assert read_pointer(volume) is None
    with pytest.raises(ContractError, match="no LATEST file, so no clean-data was published here"):
        open_latest(volume, "clean-data")


@pytest.mark.parametrize("text", [b"", b"latest", b"../../etc", b"A" * 16, b"a" * 17, b"\xff\x00"])
def test_a_malformed_pointer_is_refused(volume: Path, text: bytes) -> None:
    (volume / "LATEST").write_bytes(text)

    with pytest.raises(ContractError, match="is not an id of 16 hex digits; run the stage"):
        open_latest(volume, "clean-data")


def test_a_folder_in_place_of_the_pointer_is_refused(volume: Path) -> None:
    (volume / "LATEST").mkdir()

    with pytest.raises(ContractError, match="LATEST: is a folder; expected a file with an id"):
        open_latest(volume, "clean-data")


def test_a_pointer_to_nothing_is_refused(volume: Path, publish_example: Publish) -> None:
    shutil.rmtree(publish_example(volume).path)

    with pytest.raises(ContractError, match=r"no manifest\.json; make repair makes it again"):
        open_latest(volume, "clean-data")


def test_a_file_is_hashed_once(volume: Path, publish_example: Publish) -> None:
    publish_example(volume)
    artifact = open_latest(volume, "clean-data")
    artifact.verify()
    (artifact.path / "schema.json").write_text("2")

    assert artifact.file("schema.json") == artifact.path / "schema.json"


def test_an_artifact_that_was_removed_meanwhile_can_not_be_held(
    volume: Path, publish_example: Publish
) -> None:
    artifact = publish_example(volume)
    shutil.rmtree(artifact.path)

    with pytest.raises(ContractError, match="was removed while"), artifact.hold():
        pytest.fail("held what is not there")
