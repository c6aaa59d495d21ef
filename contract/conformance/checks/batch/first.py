"""The runs on the tiny example that many checks use."""

from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.inputs.surroundings import (
    OTHER_PATHS,
    nested_example,
    raise_minor_version,
    settings_with_unknown_keys,
)
from conformance.validity.published import Published, published
from conformance.validity.whole import check_whole


def first_artifact(subject: Subject) -> Published:
    """Return the artifact that the image published from the example.

    Raises:
        Skipped: The image published nothing; the check `publishes` reports it.
    """
    try:
        return published(subject.first)
    except Fault:
        raise Skipped(
            "the image publishes nothing from the tiny example; see the check `publishes`"
        ) from None


def passes_in_other_surroundings(subject: Subject) -> bool:
    """Return whether one run with a newer minor version, others' settings and other paths is right.

    If it is not, each check tries its part alone.
    """
    return subject.once("other surroundings", lambda: _passes(subject))


def _passes(subject: Subject) -> bool:
    source = nested_example(subject, settings_with_unknown_keys(subject))
    if subject.reads is not None:
        raise_minor_version(source / "nested")
    try:
        check_whole(subject, subject.run(source=source, environment=OTHER_PATHS), source / "nested")
    except Fault:
        return False
    return True
