"""The sandbox: an image that publishes nothing runs again without one of the restrictions."""

from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.validity.published import published


@check("read-only-root", promise="it works on a read-only root")
def read_only_root(subject: Subject) -> None:
    _try_without("read-only root", subject, "write only below /data/out and /tmp")


@check("no-network", promise="it works without a network")
def no_network(subject: Subject) -> None:
    _try_without("no network", subject, "add the files that it downloads to the image")


@check("plain-user", promise="it works as user 10001 without capabilities")
def plain_user(subject: Subject) -> None:
    _try_without("plain user", subject, "let user 10001 read its files: COPY --chmod=755")


@check("small-tmp", promise="it works with 64 MB of /tmp")
def small_tmp(subject: Subject) -> None:
    _try_without("small /tmp", subject, "write large temporary files to the draft")


def _try_without(restriction: str, subject: Subject, fix: str) -> None:
    if _publishes(subject, ""):
        return
    if not _publishes(subject, restriction):
        raise Skipped("it also publishes nothing without this restriction; see `publishes`")
    raise Fault(
        f"it ends with {subject.first.ending}; without the restriction '{restriction}' it works",
        fix,
    )


def _publishes(subject: Subject, without: str) -> bool:
    try:
        published(subject.run(without=without) if without else subject.first)
    except Fault:
        return False
    return True
