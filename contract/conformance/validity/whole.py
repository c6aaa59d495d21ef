"""Everything that has to hold of an artifact, whatever it was made from."""

from pathlib import Path

from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.validity.cleaned import check_clean
from conformance.validity.digests import check_digests
from conformance.validity.faithful import check_faithful
from conformance.validity.lineage import check_lineage
from conformance.validity.manifests import check_documents, check_manifest
from conformance.validity.published import Published, published
from conformance.validity.rows import check_counts, check_none_lost, check_rejects
from conformance.validity.tables import check_tables


def check_whole(
    subject: Subject, run: Run, source: Path, *, rows_in: int | None = None, cells: bool = True
) -> Published:
    """Check what a run published from an input, and return it; `cells` compares with a CSV."""
    artifact = published(run)
    check_manifest(artifact, subject.writes)
    check_digests(artifact)
    check_lineage(artifact, source, reads=subject.reads)
    check_counts(artifact)
    check_rejects(artifact)
    check_none_lost(artifact, source, rows_in=rows_in)
    check_documents(artifact)
    check_tables(artifact)
    if artifact.kind == "clean-data":
        check_clean(artifact, source)
    if artifact.kind == "raw-data" and cells:
        check_faithful(artifact, source / "houses.csv")
    return artifact
