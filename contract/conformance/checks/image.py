"""The image itself: who owns its mount points, and as whom it runs."""

from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.stages import STAGES, UID
from conformance.harness.subject import Subject

OWNER_LINE = "RUN install -d -o 10001 -g 10001 /data/in /data/out"
USER_LINE = "USER 10001:10001"


@check("owner", stages=STAGES, promise="/data/in and /data/out belong to 10001")
def owner(subject: Subject) -> None:
    for path, (uid, gid) in subject.owners.items():
        if (uid, gid) != (UID, UID):
            raise Fault(
                f"{path} of a fresh volume belongs to {uid}:{gid}, and a volume takes the owner of"
                " its mount point in the image",
                f"two lines in the Dockerfile: {OWNER_LINE}   and   {USER_LINE}",
            )


@check(
    "user", stages=STAGES, promise="the image runs as an unprivileged user, also without compose"
)
def user(subject: Subject) -> None:
    configured = subject.engine.images.get(subject.image).attrs["Config"].get("User") or "root"
    if configured.partition(":")[0] != str(UID):
        raise Skipped(
            f"the image's user is {configured}; compose.yaml runs it as {UID}, a plain docker run"
            f" would not: {USER_LINE}"
        )
