"""The artifact from the tiny example, which many checks use."""

from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.validity.published import Published, published


def first_artifact(subject: Subject) -> Published:
    """Return what the image published from the example.

    Raises:
        Skipped: nothing; the check `publishes` says so.
    """
    try:
        return published(subject.first)
    except Fault:
        raise Skipped(
            "it publishes nothing from the tiny example; see the check `publishes`"
        ) from None
