"""Settings: errors in the pipeline file end a run with 78."""

import random
from collections.abc import Mapping
from typing import Any

from conformance.checks.batch.first import first_artifact, passes_in_other_surroundings
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.stages import STAGES
from conformance.harness.subject import Subject
from conformance.inputs.pipeline_files import with_key, with_table, with_top_level
from conformance.inputs.surroundings import settings_with_unknown_keys
from conformance.validity.declared import (
    declared_labels,
    declared_settings,
    other_values,
    own_table,
)
from conformance.validity.outcomes import EXIT_SETTINGS, check_refusal
from conformance.validity.published import Published, published

MAX_SETTINGS = 4
"""Maximum number of settings to vary; each takes a run."""
SECONDS = 60.0
"""A server that starts with a wrong pipeline file runs until then."""
OWN_KEY: Mapping[str, str] = {"ingest": "source", "features": "target"}
"""The key of the top level that a stage owns, by stage."""


@check("unknown-setting", promise="an unknown key in its own table is refused with 78")
def unknown_setting(subject: Subject) -> None:
    first_artifact(subject)
    text = with_key(subject.settings, subject.stage, "no_such_setting", 1)
    check_refusal(subject.run(settings=text), EXIT_SETTINGS, names="no_such_setting")


@check("wrong-setting", promise="a value of the wrong type is refused with 78")
def wrong_setting(subject: Subject) -> None:
    first_artifact(subject)
    # Every batch stage has this key.
    text = with_key(subject.settings, subject.stage, "keep", "many")
    check_refusal(subject.run(settings=text), EXIT_SETTINGS, names="keep")


@check("unknown-table", promise="a table that is not a stage is refused with 78")
def unknown_table(subject: Subject) -> None:
    first_artifact(subject)
    text = with_table(subject.settings, "fetures")
    check_refusal(subject.run(settings=text), EXIT_SETTINGS, names="fetures")


@check(
    "top-level",
    stages=STAGES,
    promise="an unknown key, a name that is no text, a stage that is no table, and a wrong type of"
    " its own key at the top level are refused with 78",
)
def top_level(subject: Subject) -> None:
    if subject.stage != "serve":
        first_artifact(subject)
    for key, value in wrong_keys(subject.stage).items():
        text = with_top_level(subject.settings, key, value)
        names = key if key == OWN_KEY.get(subject.stage) else ""
        try:
            check_refusal(subject.run(settings=text, seconds=SECONDS), EXIT_SETTINGS, names=names)
        except Fault as fault:
            raise Fault(
                f"with {key} = {value} at the top level of the pipeline file: {fault.what}",
                "see 'The top level' in contract/reference/settings.md",
            ) from None


def wrong_keys(stage: str) -> Mapping[str, Any]:
    """Return keys with wrong values; the table of another stage is wrong for every stage."""
    other = next(each for each in STAGES if each != stage)
    keys: dict[str, Any] = {"no_such_key": 1, "name": 5, other: 5}
    return keys | ({OWN_KEY[stage]: 5} if stage in OWN_KEY else {})


@check("broken-settings", promise="a pipeline file that is not TOML is refused with 78")
def broken_settings(subject: Subject) -> None:
    first_artifact(subject)
    check_refusal(subject.run(settings=f"{subject.settings}\nthis is no TOML\n"), EXIT_SETTINGS)


@check("missing-settings", promise="a missing pipeline file is refused with 78")
def missing_settings(subject: Subject) -> None:
    first_artifact(subject)
    run = subject.run(environment={"PIPELINE": "not-there"})
    check_refusal(run, EXIT_SETTINGS, names="not-there")


@check("others-settings", promise="unknown keys in the tables of other stages are accepted")
def others_settings(subject: Subject) -> None:
    first_artifact(subject)
    if passes_in_other_surroundings(subject):
        return
    run = subject.run(settings=settings_with_unknown_keys(subject))
    if run.exit_code != 0:
        raise Fault(
            f"{run.ending}; expected 0",
            "check only the keys of its own table: other stages may use other images",
        )


@check(
    "effective-settings",
    promise="a setting that changes the artifact is in `settings` of its manifest, whether it is"
    " set or has its default",
)
def effective_settings(subject: Subject) -> None:
    first = first_artifact(subject)
    if not declared_labels(subject):
        raise Skipped("the image does not declare its settings; see the check `declared`")
    others = other_values(declared_settings(subject), own_table(subject))
    generator = random.Random(f"{subject.seed} settings")  # noqa: S311  # no secret
    for name in generator.sample(sorted(others), min(len(others), MAX_SETTINGS)):
        run = subject.run(settings=with_key(subject.settings, subject.stage, name, others[name]))
        # A value may not fit the example, and a gate may refuse the artifact.
        if run.exit_code == 0 and run.latest is not None:
            check_effective(first, published(run), name)


def check_effective(one: Published, other: Published, name: str) -> None:
    """Check that artifacts whose content differs by one setting have different settings."""
    if one.manifest["content"] == other.manifest["content"]:
        return
    if one.manifest["settings"] == other.manifest["settings"]:
        raise Fault(
            f"a different {name} changes the artifact, but not `settings` in manifest.json",
            "write the resolved values, defaults included, so that different settings"
            " have different ids; see 'Fields' in contract/reference/manifest.md",
            found=other.manifest["settings"],
        )
