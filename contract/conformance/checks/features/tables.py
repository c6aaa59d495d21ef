"""Features: the tables and documents of the artifact, and where each clean row went."""

import numpy as np
import pyarrow as pa

from conformance.checks.features.runs import FeatureRun
from conformance.checks.features.split_runs import all_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.models.feature_data import TARGET, FeatureData
from conformance.models.tensors import Field, is_missing
from conformance.validity.manifests import check_documents


@check(
    "feature-tables",
    stages=["features"],
    promise="train/ and test/ hold float32 features in the order of features.json, then @target",
)
def feature_tables(subject: Subject) -> None:
    for run in all_runs(subject):
        check_documents(run.artifact)
        data = run.data
        for folder, table in (("train", data.train), ("test", data.test)):
            _check_columns(table, data, folder=run.where(folder))
            _check_values(table, folder=run.where(folder))
        _check_counts(run)
        if data.test_rows.schema.types != run.clean.schema.types or (
            data.test_rows.column_names != run.clean.column_names
        ):
            raise Fault(
                f"{run.where('test-rows')}: columns {_shown(data.test_rows.schema)}; expected those"
                f" of the clean table, {_shown(run.clean.schema)}",
                "write the test rows as they were read, all columns of them",
            )


def _check_columns(table: pa.Table, data: FeatureData, *, folder: str) -> None:
    target = pa.float64() if data.classes is None else pa.int64()
    expected = [(name, pa.float32()) for name in data.names]
    expected += [(TARGET, target), *data.companions]
    found = list(zip(table.column_names, table.schema.types, strict=True))
    for number, (has, wants) in enumerate(zip(found, expected, strict=False), 1):
        if has != wants:
            raise Fault(
                f"{folder}: column {number} is '{has[0]}' of type {has[1]}; expected '{wants[0]}'"
                f" of type {wants[1]}",
                "write the features in the order of features.json as float32, then @target as"
                " double (int64 for classes), then @time, @group, @weight if present",
            )
    if len(found) != len(expected):
        raise Fault(
            f"{folder}: {len(found)} columns; expected {len(expected)} by features.json",
            "one column for each feature, then @target, then @time, @group, @weight if present",
        )


def _check_values(table: pa.Table, *, folder: str) -> None:
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.to_numpy()
        if column.null_count or not np.isfinite(values).all():
            raise Fault(
                f"{folder}: column '{name}' has values that are missing or not finite",
                "fill missing values inside the graph; write rows without target to rejects/",
            )


def _check_counts(run: FeatureRun) -> None:
    split = run.data.features["split"]
    train, test = run.data.train.num_rows, run.data.test.num_rows
    counts = [
        ("features.json: split.train_rows", split["train_rows"], "train/", train),
        ("features.json: split.test_rows", split["test_rows"], "test/", test),
        ("test-rows/", run.data.test_rows.num_rows, "test/", test),
        ("manifest.json: rows", run.artifact.manifest["rows"], "train/ and test/", train + test),
        ("features.json: fit.of", run.data.features["fit"]["of"], "train/", train),
    ]
    for what, stated, where, found in counts:
        if stated != found:
            raise Fault(
                f"{run.where(what)}: {stated} rows, {where} {found} rows",
                "count what was written",
            )


@check(
    "input-columns",
    stages=["features"],
    promise="schema.json tells the graph's columns as clean has them, `required` where none missed",
)
def input_columns(subject: Subject) -> None:
    for run in all_runs(subject):
        known = {field["name"]: field for field in run.clean_schema["fields"]}
        _check_places(run)
        for field in run.data.fields:
            _check_field(field, known.get(field["name"]), run=run)
        _check_roles(run)


def _check_places(run: FeatureRun) -> None:
    for group in ("numbers", "strings"):
        places = [f["input"]["index"] for f in run.data.fields if f["input"]["group"] == group]
        if sorted(places) != list(range(len(places))):
            raise Fault(
                f"{run.where('schema.json')}: columns of {group} have the indexes {places}",
                "number the columns of a group from 0 without a gap",
            )


def _check_field(field: Field, clean: Field | None, *, run: FeatureRun) -> None:
    name, where = field["name"], f"{run.where('schema.json')}: '{field['name']}'"
    if clean is None or name == run.data.features["target"]["column"]:
        raise Fault(
            f"{where} is {'the target' if clean else 'no column of the clean table'}",
            "schema.json holds the columns that the graph takes, by their clean names",
        )
    if field["type"] != clean["type"]:
        raise Fault(
            f"{where} has the type {field['type']}; in the clean table it is {clean['type']}",
            "keep the type of clean; `input.group` says which input of the graph takes it",
        )
    missing = sum(is_missing(row[name]) for row in run.rows_on("train"))
    is_required = bool(field.get("constraints", {}).get("required"))
    if is_required != (missing == 0):
        raise Fault(
            f"{where} is {'' if is_required else 'not '}`required`, and {missing} of"
            f" {run.data.train.num_rows} training rows have no value",
            "set constraints.required where no training row lacks the value, and only there",
        )
    observed = field.get("observed", {})
    values = {row[name] for row in run.rows_on("train") if not is_missing(row[name])}
    counted = {"rows": run.data.train.num_rows, "missing": missing, "distinct": len(values)}
    for count, found in counted.items():
        if observed.get(count, found) != found:
            raise Fault(
                f"{where}: observed.{count} is {observed[count]}, in the training rows it is"
                f" {found}",
                "compute it on the training rows, all of them and no others",
            )


def _check_roles(run: FeatureRun) -> None:
    """Check that features.json describes every clean column and agrees with schema.json."""
    roles = {column["name"]: column["role"] for column in run.data.features["columns"]}
    inputs = {field["name"] for field in run.data.fields}
    target = run.data.features["target"]["column"]
    for name in run.clean.column_names:
        role = roles.get(name)
        if (
            role is None
            or (role == "input") != (name in inputs)
            or ((role == "target") != (name == target))
        ):
            raise Fault(
                f"{run.where('features.json')}: column '{name}' has the role {role}, and is"
                f" {'an input' if name in inputs else 'no input'} in schema.json"
                f"{' and the target' if name == target else ''}",
                "describe every clean column: input, target, weight, group, excluded, constant or"
                " identifier",
            )


def _shown(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
