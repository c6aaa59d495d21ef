"""Ways to change a pipeline: its table, its settings, its code, its volumes."""

import gzip
import json
import os
import shutil
from collections.abc import Callable

from pyarrow import parquet
from stage_contract.artifacts.manifests import MANIFEST
from support.local_stages import SETTINGS, LocalPipeline
from support.running import BATCH

type Change = Callable[[LocalPipeline], object]


def settings(text: str) -> Change:
    """Write the whole pipeline file."""
    return lambda pipeline: pipeline.settings.write_text(text, encoding="utf-8")


def more(text: str) -> Change:
    """Add lines to the pipeline file."""
    return settings(f"{SETTINGS}{text}\n")


def replace(old: str, new: str) -> Change:
    """Change a text of the pipeline file."""
    assert old in SETTINGS
    return settings(SETTINGS.replace(old, new))


def rows(edit: Callable[[str], str]) -> Change:
    """Edit the text of the source table."""

    def change(pipeline: LocalPipeline) -> None:
        text = pipeline.source.read_text(encoding="utf-8")
        edited = edit(text)
        assert edited != text
        pipeline.source.write_text(edited, encoding="utf-8", newline="")

    return change


def one_byte(pipeline: LocalPipeline) -> None:
    rows(lambda text: text.replace("39.1", "39.2", 1))(pipeline)


def swap_a_test_row_with_the_next(pipeline: LocalPipeline) -> None:
    [path] = pipeline.latest("features").files("test-rows")
    *_, test_row = parquet.read_table(path).to_pylist()

    def swap(text: str) -> str:
        lines = text.splitlines(keepends=True)
        at = lines.index(",".join(map(str, test_row.values())) + "\n")
        lines[at : at + 2] = reversed(lines[at : at + 2])
        return "".join(lines)

    rows(swap)(pipeline)


def touch(folder: str) -> Change:
    """Set the times of everything in a folder to those of another day."""

    def change(pipeline: LocalPipeline) -> None:
        for path in sorted((pipeline.root / folder).rglob("*")):
            os.utime(path, (2_000_000_000, 2_000_000_000))

    return change


def variable(**variables: str) -> Change:
    """Run with other environment variables."""
    return lambda pipeline: pipeline.variables.update(variables)


def code(name: str, path: str, text: str) -> Change:
    """Add text to a file of a copy of a stage, or make that file."""

    def change(pipeline: LocalPipeline) -> None:
        place = pipeline.copy_code(name) / path
        place.parent.mkdir(exist_ok=True)
        with place.open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def lock(stage: str) -> Change:
    """Raise the version of the first library in a copy of a stage's lock."""

    def change(pipeline: LocalPipeline) -> None:
        place = pipeline.copy_code(stage) / "requirements.lock"
        text = place.read_text(encoding="utf-8")
        place.write_text(text.replace("==", "==1!", 1), encoding="utf-8")

    return change


def upgrade_a_package(pipeline: LocalPipeline) -> None:
    pipeline.packages.write_text("Package: libc6\nVersion: 2.41-13\n", encoding="utf-8")


def other_python(pipeline: LocalPipeline) -> None:
    pipeline.python["clean"] = "3.13.99"


def both(*changes: Change) -> Change:
    """Make several changes at once."""
    return lambda pipeline: [change(pipeline) for change in changes]


def in_turn(*changes: Change) -> Change:
    """Run the pipeline after each change but the last one."""

    def change(pipeline: LocalPipeline) -> None:
        for each in changes[:-1]:
            each(pipeline)
            pipeline.run_all()
        changes[-1](pipeline)

    return change


def nothing(_pipeline: LocalPipeline) -> None:
    """Leave everything as it is."""


def copy_source(pipeline: LocalPipeline) -> None:
    copy = pipeline.source.with_name("copy.csv")
    shutil.copyfile(pipeline.source, copy)
    copy.replace(pipeline.source)


def move_away(pipeline: LocalPipeline) -> None:
    elsewhere = pipeline.root.with_name("elsewhere")
    shutil.copytree(pipeline.root, elsewhere, copy_function=shutil.copyfile)
    shutil.rmtree(pipeline.root)
    pipeline.root = elsewhere


def compress(pipeline: LocalPipeline) -> None:
    pipeline.source.with_suffix(".csv.gz").write_bytes(gzip.compress(pipeline.source.read_bytes()))
    replace("table.csv", "table.csv.gz")(pipeline)


def second_file(pipeline: LocalPipeline) -> None:
    header, *lines = pipeline.source.read_text(encoding="utf-8").splitlines(keepends=True)
    pipeline.source.with_name("other.csv").write_text(
        header + lines[3].replace("42,", "43,"), encoding="utf-8"
    )


def remove_second_file(pipeline: LocalPipeline) -> None:
    pipeline.source.with_name("other.csv").unlink()


def copy_all_code(pipeline: LocalPipeline) -> None:
    for name in ("contract", *BATCH):
        pipeline.copy_code(name)


def tear(pipeline: LocalPipeline) -> None:
    os.truncate(pipeline.latest("clean").file("schema.json"), 10)


def remove_artifact(pipeline: LocalPipeline) -> None:
    shutil.rmtree(pipeline.latest("clean").path)


def remove_pointer(pipeline: LocalPipeline) -> None:
    (pipeline.volume("clean") / "LATEST").unlink()


def publish_as_another_stage(pipeline: LocalPipeline) -> None:
    """Put the same files on clean's volume as another image would, with an id of its own."""
    volume, name = pipeline.volume("clean"), "0123456789abcdef"
    shutil.copytree(pipeline.latest("clean").path, volume / name)
    place = volume / name / MANIFEST
    manifest = json.loads(place.read_bytes())
    manifest |= {"id": name, "stage": {"name": "clean-in-go", "version": "1"}}
    place.write_text(json.dumps(manifest), encoding="utf-8")
    (volume / "LATEST").write_text(name, encoding="utf-8")


def no_build(pipeline: LocalPipeline) -> None:
    pipeline.without_build.add("clean")
