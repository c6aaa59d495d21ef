"""The artifact that an image makes from the tiny example."""

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.inputs.recorded_input import recorded_input
from conformance.validity.digests import check_digests
from conformance.validity.lineage import check_lineage
from conformance.validity.manifests import check_documents, check_manifest
from conformance.validity.published import published
from conformance.validity.records import check_records, has_records
from conformance.validity.rows import check_counts, check_none_lost, check_rejects
from conformance.validity.tables import check_tables

ON_A_VOLUME = frozenset({"LATEST", "PINNED", "REFUSED", "FAILED.json", "history.jsonl"})


@check("publishes", promise="from the tiny example it publishes an artifact that LATEST names")
def publishes(subject: Subject) -> None:
    published(subject.first)


@check("manifest", promise="manifest.json follows its schema: version, kind, id, settings as JSON")
def manifest(subject: Subject) -> None:
    check_manifest(first_artifact(subject), subject.writes)


@check("digests", promise="every file is listed with size and SHA-256, and content is their digest")
def digests(subject: Subject) -> None:
    check_digests(first_artifact(subject))


@check("lineage", promise="inputs and lineage lead by content to the input and its sources")
def lineage(subject: Subject) -> None:
    check_lineage(first_artifact(subject), subject.example, reads=subject.reads)


@check("counts", promise="rows, metrics.rejected and rejected_by_reason match the files")
def counts(subject: Subject) -> None:
    check_counts(first_artifact(subject))


@check("rejects", promise="a rejected row has its number, a reason and all its values")
def rejects(subject: Subject) -> None:
    check_rejects(first_artifact(subject))


@check("no-row-lost", promise="every row of the input is in the table or in rejects/")
def no_row_lost(subject: Subject) -> None:
    lines = None
    if subject.reads is None:
        text = (subject.example / "houses.csv").read_text(encoding="utf-8")
        lines = len(text.splitlines()) - 1
    check_none_lost(first_artifact(subject), subject.example, rows_in=lines)


@check(
    "documents", promise="schema.json, features.json, model.json and run.json follow their schemas"
)
def documents(subject: Subject) -> None:
    check_documents(first_artifact(subject))


@check("plain-parquet", promise="Parquet holds plain types, no dictionaries; snappy, zstd or none")
def plain_parquet(subject: Subject) -> None:
    check_tables(first_artifact(subject))


@check(
    "run-records",
    promise="the records in run.json are those of the input and its own, and hold no value of a"
    " private column (optional, since 1.3)",
)
def run_records(subject: Subject) -> None:
    artifact = first_artifact(subject)
    if not has_records(artifact):
        raise Skipped("its run.json has no pipeline, which is optional")
    check_records(artifact)
    if subject.reads is not None:
        source, handed_on = recorded_input(subject)
        check_records(published(subject.run(source=source)), handed_on)


@check("tidy", promise="a volume holds LATEST and artifacts, and no temporary files")
def tidy(subject: Subject) -> None:
    name = first_artifact(subject).path.name
    for path in sorted(subject.first.out.iterdir()):
        if path.name not in ON_A_VOLUME | {name}:
            raise Fault(
                f"{path.name} is left on the output volume",
                "write to .draft-<anything>/ and rename it; remove what is left at the end",
            )
