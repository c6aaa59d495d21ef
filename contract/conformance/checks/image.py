"""The image itself: who owns its mount points, as whom it runs, and what it says of itself."""

import json

from stage_contract.artifacts.digests import CONTRACT_VERSION

from conformance.checks.batch.first import first_artifact
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.stages import STAGES, UID
from conformance.harness.subject import Subject
from conformance.validity.declared import (
    SETTINGS_SCHEMA,
    check_defaults,
    check_table,
    declared_labels,
    declared_settings,
)
from conformance.validity.manifests import check_manifest, check_schema

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


@check(
    "declared",
    stages=STAGES,
    promise=f"its labels and {SETTINGS_SCHEMA} say which stage, contract and settings it has",
)
def declared(subject: Subject) -> None:
    labels = declared_labels(subject)
    if not labels:
        raise Skipped(
            "it has no label stagecoach.stage, so make up cannot tell whether it is in its place:"
            f' LABEL stagecoach.stage="{subject.stage}" stagecoach.contract="{CONTRACT_VERSION}"'
        )
    schema = declared_settings(subject)
    check_schema(labels | {"settings": schema}, "image", "what the image says of itself")
    if labels["stage"] != subject.stage:
        raise Fault(
            f"its label stagecoach.stage is {labels['stage']}, and it was checked as"
            f" {subject.stage}",
            f'LABEL stagecoach.stage="{subject.stage}", or make conform STAGE={labels["stage"]}',
        )
    table, defaults = check_table(subject, schema), check_defaults(schema)
    if subject.stage == "serve":
        return
    artifact = first_artifact(subject)
    check_manifest(artifact, subject.writes)
    manifest = artifact.manifest
    if labels["contract"] != manifest.get("contract"):
        raise Fault(
            f"its label stagecoach.contract is {labels['contract']}, and its manifest says"
            f" {manifest.get('contract')}",
            "use the version that the program keeps in both places",
        )
    used = json.loads(manifest["settings"])
    for name in sorted(defaults.keys() & used.keys() - table.keys()):
        if used[name] != defaults[name]:
            raise Fault(
                f"{SETTINGS_SCHEMA}: the default of {name} is {defaults[name]!r}, and the image"
                f" uses {used[name]!r} where the pipeline file does not set it",
                "make the schema from the place where the program has its defaults",
            )
