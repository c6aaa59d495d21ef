"""Runs of a features image with a split by time and by group, if its settings have these."""

import statistics
import tomllib
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from conformance.checks.batch.first import first_artifact
from conformance.checks.features.runs import FeatureRun, features_run, runs_of
from conformance.harness.concurrency import run_concurrently
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.inputs.pipeline_files import to_toml
from conformance.inputs.split_data import GROUP, TIME, WEIGHT, write_split_data
from conformance.validity.declared import declared_labels, declared_settings
from conformance.validity.lineage import latest_artifact

TEST_SHARE = 0.3
TARGET, TIME_NAME, GROUP_NAME = "price", "value", "expensive"
TRANSFORM = "log"
EXCLUDED = ("id", "rooms")


def time_run(subject: Subject) -> FeatureRun:
    """Return the run with a split by time, another name of the target, and its logarithm."""
    first_artifact(subject)
    target = {"column": TARGET, "name": TIME_NAME}
    if declares_transform(subject):
        target["transform"] = TRANSFORM
    return _run(subject, {"split": "time", "time_column": TIME, "target": target})


def group_run(subject: Subject) -> FeatureRun:
    """Return the run with a split by group, with weights, and a class that a number decides."""
    table = latest_artifact(_source(subject)).table("table")
    # The threshold is the target of a row.
    above = statistics.median_low(table.column(TARGET).drop_null().to_pylist())
    target = {"column": TARGET, "name": GROUP_NAME, "above": above}
    return _run(
        subject,
        {"split": "group", "group_column": GROUP, "weight_column": WEIGHT, "target": target},
    )


def all_runs(subject: Subject) -> list[FeatureRun]:
    """Return the runs on the example, and those of the two splits that can be made.

    The checks `time-split` and `group-split` report those that fail.
    """
    runs, more = run_concurrently(lambda: runs_of(subject), lambda: _split_runs(subject))
    return [*runs, *more]


def declares_transform(subject: Subject) -> bool:
    """Return whether the settings schema has `transform` of the target, which is optional."""
    if not declared_labels(subject):
        return False
    schema = subject.once("settings schema", lambda: declared_settings(subject))
    validator = Draft202012Validator({**schema, "required": []})
    is_valid = [
        validator.is_valid({"target": {"column": TARGET, "transform": value}})
        for value in (TRANSFORM, "no such transform")
    ]
    return is_valid == [True, False]


def _split_runs(subject: Subject) -> list[FeatureRun]:
    def attempt(make: Any) -> list[FeatureRun]:
        try:
            return [make(subject)]
        except (Fault, Skipped):
            return []

    found = run_concurrently(lambda: attempt(time_run), lambda: attempt(group_run))
    return [run for runs in found for run in runs]


def _run(subject: Subject, own: dict[str, Any]) -> FeatureRun:
    first_artifact(subject)
    own |= {"test_share": TEST_SHARE, "exclude": list(EXCLUDED)}
    if not declared_labels(subject):
        raise Skipped("it does not declare its settings; see the check `declared`")
    schema = subject.once("settings schema", lambda: declared_settings(subject))
    is_known = own.keys() <= schema.get("properties", {}).keys()
    if not is_known or not Draft202012Validator({**schema, "required": []}).is_valid(own):
        raise Skipped(f"its settings schema has no split by {own['split']}, which is optional")
    pipeline = tomllib.loads(subject.settings)
    pipeline.pop("target", None)
    settings = to_toml(pipeline | {"features": own})
    label = f'with split = "{own["split"]}"'
    return features_run(subject, label, settings=settings, source=_source(subject))


def _source(subject: Subject) -> Path:
    def make() -> Path:
        volume = subject.scratch()
        write_split_data(volume, subject.seed)
        return volume

    return subject.once("clean-data for splits", make)
