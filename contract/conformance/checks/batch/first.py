"""The artifact from the tiny example, which many checks use."""

from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.validity.published import Published, published


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
