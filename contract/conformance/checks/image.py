"""The image itself: who owns its mount points."""

from conformance.checking import Fault, check
from conformance.stages import STAGES, UID
from conformance.subject import Subject

DOCKERFILE = "RUN install -d -o 10001 -g 10001 /data/in /data/out"


@check("owner", stages=STAGES, promise="/data/in and /data/out belong to 10001")
def owner(subject: Subject) -> None:
    for path, owned_by in subject.owners.items():
        if owned_by != (UID, UID):
            raise Fault(
                f"{path} of a fresh volume belongs to {owned_by[0]}:{owned_by[1]}, expected {UID}:{UID};"
                " a volume takes the owner of its mount point in the image",
                f"two lines in the Dockerfile: {DOCKERFILE}   and   USER 10001:10001",
            )
