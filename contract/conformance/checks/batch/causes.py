"""Causes: the id covers all that an artifact depends on; the environment sets the paths."""

import shutil
from pathlib import Path

from stage_contract.artifacts.digests import artifact_id

from conformance.checks.batch.first import first_artifact, passes_in_other_surroundings
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.inputs.pipeline_files import with_top_level
from conformance.inputs.republishing import republish
from conformance.inputs.surroundings import OTHER_PATHS, nested_example
from conformance.validity.lineage import check_lineage
from conformance.validity.published import Published, published
from conformance.validity.whole import check_whole

EXIT_DIFFERS = 70


@check("id", promise="with stage.build in the manifest, the id is the digest of the whole cause")
def id_of_cause(subject: Subject) -> None:
    manifest = first_artifact(subject).manifest
    if "build" not in manifest["stage"]:
        raise Skipped("its manifest has no stage.build, so its id is not checked")
    keys = ("source", "sha256") if subject.reads is None else ("kind", "content")
    expected = artifact_id(
        manifest["kind"],
        build=manifest["stage"]["build"],
        settings=manifest["settings"],
        inputs=[(entry[keys[0]], entry[keys[1]]) for entry in manifest["inputs"]],
    )
    if manifest["id"] != expected:
        raise Fault(
            "the id is not the digest of the cause that the manifest names",
            "see 'The id' in contract/reference/skipping.md; vectors:"
            " contract/examples/vectors/digests.json",
            expected=expected,
            found=manifest["id"],
        )


@check(
    "force",
    promise="STAGE_FORCE=1 makes a stage run that would skip; it exits with 70 if the bytes differ",
)
def force(subject: Subject) -> None:
    first = first_artifact(subject)
    if "build" not in first.manifest["stage"]:
        raise Skipped("its manifest has no stage.build, so it never skips")
    name = first.path.name
    content = subject.scratch()
    # Simulate a stage that is not reproducible: another artifact of the same cause.
    republish(first.path, content, _add_a_file, id=name)
    with subject.volume(content) as out:
        run = subject.run(out=out, environment={"STAGE_FORCE": "1"})
    check_kept(run, first)


def check_kept(run: Run, first: Published) -> None:
    """Check that a forced run whose bytes differ keeps both artifacts and exits with 70."""
    name, other = first.path.name, f".differs-{first.path.name}-{first.manifest['content'][:8]}"
    if run.exit_code != EXIT_DIFFERS or run.latest != name or not (run.out / other).is_dir():
        raise Fault(
            "with STAGE_FORCE=1, and an artifact of the same cause with different bytes:"
            f" {run.ending}",
            "run again and compare; if the bytes differ, keep both and exit with 70; see"
            " 'Skipping' in contract/reference/skipping.md",
            expected=f"exit code {EXIT_DIFFERS}, and {other}/ on the volume",
            found=f"exit code {run.exit_code}, {sorted(path.name for path in run.out.iterdir())}",
        )


def _add_a_file(artifact: Path) -> None:
    (artifact / "extra.txt").write_text("another run wrote this\n", encoding="utf-8")


@check(
    "source-name",
    stages=("ingest",),
    promise="the same bytes under another file name have another id, and the lineage has that name",
)
def source_name(subject: Subject) -> None:
    first = first_artifact(subject)
    source = subject.scratch()
    (source / "more").mkdir()
    shutil.copy(subject.example / "houses.csv", source / "more" / "homes.csv")
    settings = with_top_level(subject.settings, "source", "more/homes.csv")
    with subject.volume(subject.first.out) as out:
        run = subject.run(source=source, out=out, settings=settings)
    artifact = published(run)
    if artifact.path.name == first.path.name:
        raise Fault(
            "more/homes.csv and houses.csv with the same bytes have the same id",
            "the lines of an id have `input <source> <sha256>`",
        )
    check_lineage(artifact, source, reads=None)


@check("paths", promise="STAGE_IN and STAGE_CONFIG are the folders of the input and the settings")
def paths(subject: Subject) -> None:
    first_artifact(subject)
    if passes_in_other_surroundings(subject):
        return
    source = nested_example(subject, subject.settings)
    run = subject.run(source=source, environment=OTHER_PATHS)
    if run.exit_code != 0:
        raise Fault(
            f"with {dict(OTHER_PATHS)}: {run.ending}; expected 0",
            "see 'Paths' in contract/reference/volumes.md",
        )
    check_whole(subject, run, source / "nested")
