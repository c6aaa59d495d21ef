"""From clean rows to feature-data: checks of the settings, roles of columns, files."""

from pathlib import Path
from typing import Any

import onnx
import polars as pl
import transform
from rows import Rejects, Settings, digests, reject_incomplete, split_rows
from run import UserError, refuse_unknown
from table import Field, Table, is_missing, observed, read_table, write_table
from volume import dump

ENCODINGS = {
    "number": "number",
    "integer": "number",
    "boolean": "boolean",
    "string": "one-hot",
    "date": "date-parts",
    "datetime": "date-parts",
}


def prepare(source: Path, draft: Path, settings: Settings) -> tuple[int, dict[str, Any]]:
    """Write feature-data, and return its number of rows and its metrics."""
    schema, table = read_table(source)
    check_columns(settings, table.fields)
    task = task_of(settings, table.fields[settings["target"]["column"]])
    rejects = Rejects(table)
    reject_incomplete(rejects, settings)
    is_test, split = split_rows(table, ~rejects.mask(), settings)
    train = table.part(~rejects.mask() & ~is_test)
    need_rows(train, "train")
    classes = classes_of(train, settings) if task == "classification" else None
    columns, inputs, categories = roles_of(train, settings)
    reject_unanswerable(rejects, is_test, inputs, settings["target"], classes)
    test = table.part(~rejects.mask() & is_test)
    need_rows(test, "test")

    model, features = transform.fit(train, inputs, categories)
    (draft / "transform.onnx").write_bytes(model.SerializeToString(deterministic=True))
    names = [feature["name"] for feature in features]
    for part, folder in ((train, "train"), (test, "test")):
        matrix = features_of(part, model, inputs, names) + labels_of(part, settings, classes)
        write_table(pl.DataFrame(matrix), draft / folder)
    write_table(test.rows, draft / "test-rows")
    rows = {"train_rows": len(train.rows), "test_rows": len(test.rows)}
    document = {
        "task": task,
        "target": target_of(settings["target"], table),
        "classes": classes,
        "features": features,
        "columns": columns,
        "split": split | rows,
        "fit": {"rows": len(train.rows), "of": len(train.rows)},
    }
    (draft / "features.json").write_text(dump(document), "utf-8")
    (draft / "schema.json").write_text(dump(schema | {"fields": inputs}), "utf-8")
    metrics: dict[str, Any] = {"rejected": len(rejects.found)}
    if rejects.found:
        (draft / "rejects").mkdir()
        (draft / "rejects" / "part-00000.jsonl").write_text(rejects.lines(), "utf-8")
        metrics["rejected_by_reason"] = rejects.by_reason()
    return sum(rows.values()), metrics


def need_rows(part: Table, name: str) -> None:
    """Refuse a table that leaves nothing for one side."""
    if part.rows.is_empty():
        hint = "give more rows, another test_share or another seed"
        raise UserError(65, f"no row is left for {name}/", hint)


# --- Settings that name columns ---


def check_columns(settings: Settings, fields: dict[str, Field]) -> None:
    """Refuse settings that name no column, or a column that cannot be what it should."""
    target, split = settings["target"]["column"], settings["split"]
    where = "column in target or exclude of [features]:"
    refuse_unknown([target, *settings["exclude"]], fields, where)
    if target in settings["exclude"]:
        raise UserError(78, f"the target {target!r} is in exclude of [features]", "remove it")
    types = {
        "time": ("date", "datetime"),
        "group": tuple(ENCODINGS),
        "weight": ("number", "integer"),
    }
    for part, possible in types.items():
        column = settings[f"{part}_column"]
        if part != "weight" and (split == part) != (column is not None):
            what = f"[features] split is {split!r}, but {part}_column is {column!r}"
            raise UserError(78, what, f'{part}_column belongs to split = "{part}"')
        if column is None:
            continue
        refuse_unknown([column], fields, f"column in {part}_column of [features]:")
        if column == target or fields[column]["type"] not in possible:
            what = f"[features] {part}_column is {column!r}, the target or of another type"
            raise UserError(78, what, f"expected another column: {' or '.join(possible)}")


def task_of(settings: Settings, field: Field) -> str:
    """Return the task, or refuse settings that contradict the type of the target."""
    target, kind, wanted = settings["target"], field["type"], settings["task"]
    is_number = kind in ("number", "integer")
    if kind in ("date", "datetime") or (target["above"] is not None and not is_number):
        what = f"the target {field['name']!r} is a {kind}"
        raise UserError(78, what, "a target is a number, with or without above, or a class")
    task = "regression" if is_number and target["above"] is None else "classification"
    if kind == "integer" and wanted:
        task = wanted if target["above"] is None else task
    if wanted not in (None, task):
        what = f"[features] task is {wanted!r}, but the target {field['name']!r} is for {task}"
        raise UserError(78, what, "remove task")
    if task == "classification" and target["transform"]:
        raise UserError(78, "target.transform is set for classes", "remove it")
    if task == "classification" and (target["name"] or target["column"]) == "probabilities":
        what = "a target of classes must not be called 'probabilities'"
        raise UserError(78, what, "give it another name in target")
    return task


# --- Target and labels ---


def target_of(target: dict[str, Any], table: Table) -> dict[str, Any]:
    """Return the target for features.json."""
    known = {"name": target["column"], "type": table.fields[target["column"]]["type"]}
    return known | {key: value for key, value in target.items() if value is not None}


def target_values(part: Table, target: dict[str, Any]) -> pl.Series:
    """Return the values that are learned: those of the column, or whether they are above."""
    values = part.column(target["column"])
    return values if target["above"] is None else values > target["above"]


def classes_of(train: Table, settings: Settings) -> list[Any]:
    """Return the classes of the training rows in their order."""
    target = settings["target"]
    classes: list[Any] = target_values(train, target).unique().sort().to_list()
    if len(classes) < 2:
        what = f"the target {target['column']!r} has one class in the training rows"
        raise UserError(65, what, "give rows of other classes, or another target")
    return classes


def reject_unanswerable(
    rejects: Rejects,
    is_test: pl.Series,
    inputs: list[Field],
    target: dict[str, Any],
    classes: list[Any] | None,
) -> None:
    """Reject test rows of a class without training rows, or without a required value."""
    kept = is_test & ~rejects.mask()
    if classes:
        known = target_values(rejects.table, target).is_in(pl.Series(classes).implode())
        reason = "class not in training rows"
        rejects.add(kept & ~known, reason, column=target["column"], expected="a class of train/")
    for name in (field["name"] for field in inputs if field["constraints"]["required"]):
        missing = kept & rejects.table.is_missing(name)
        rejects.add(missing, "required value missing", column=name, expected="a value")


def labels_of(part: Table, settings: Settings, classes: list[Any] | None) -> list[pl.Series]:
    """Return the columns behind the features."""
    values = target_values(part, settings["target"])
    labels = [values.cast(pl.Float64) if classes is None else indices(values, classes)]
    names = ["@target"]
    if column := settings["time_column"]:
        labels.append(part.encoded(column))
        names.append("@time")
    if column := settings["group_column"]:
        hashes = digests(part, [column], settings["seed"])
        labels.append(pl.Series([int.from_bytes(each[8:16]) >> 1 for each in hashes]))
        names.append("@group")
    if column := settings["weight_column"]:
        labels.append(part.column(column).cast(pl.Float64))
        names.append("@weight")
    return [label.alias(name) for label, name in zip(labels, names, strict=True)]


def indices(values: pl.Series, classes: list[Any]) -> pl.Series:
    """Return the class index of each value."""
    index = {value: number for number, value in enumerate(classes)}
    return pl.Series([index[value] for value in values], dtype=pl.Int64)


# --- Inputs and features ---


def roles_of(
    train: Table, settings: Settings
) -> tuple[list[dict[str, Any]], list[Field], dict[str, list[str]]]:
    """Return what becomes of each column, the fields of the inputs, and their categories."""
    roles = dict.fromkeys(settings["exclude"], "excluded")
    roles |= {settings["target"]["column"]: "target"}
    roles |= {settings[f"{role}_column"]: role for role in ("group", "weight")}
    columns: list[dict[str, Any]] = []
    inputs: list[Field] = []
    categories: dict[str, list[str]] = {}
    for name, field in train.fields.items():
        role = roles.get(name) or ("constant" if is_constant(train, name) else "input")
        if role == "input" and field["type"] == "string":
            most = settings["one_hot_up_to"]
            categories[name] = transform.categories_of(train.column(name), most)
            role = "input" if categories[name] else "identifier"
        encoding = {"encoding": ENCODINGS[field["type"]]} if role == "input" else {}
        private = {"private": True} if train.is_private(name) else {}
        columns.append({"name": name, "role": role} | encoding | private)
        if role == "input":
            inputs.append(input_of(train.column(name), field, inputs))
    if not inputs:
        what = "no column is left as an input: all are excluded, constant or identifiers"
        raise UserError(65, what, "give a table with columns whose values repeat")
    return columns, inputs, categories


def is_constant(train: Table, name: str) -> bool:
    """Tell whether all rows have the same value; a missing one counts as a value."""
    return bool(train.encoded(name).n_unique() < 2)


def input_of(values: pl.Series, field: Field, before: list[Field]) -> Field:
    """Return the field of an input for schema.json, behind the inputs before it."""
    group = "strings" if field["type"] == "string" else "numbers"
    index = sum(each["input"]["group"] == group for each in before)
    required = not is_missing(values, field["type"]).any()
    return field | {
        "constraints": field.get("constraints", {}) | {"required": required},
        "input": {"group": group, "index": index},
        "observed": observed(values, field),
    }


def features_of(
    part: Table, model: onnx.ModelProto, inputs: list[Field], names: list[str]
) -> list[pl.Series]:
    """Return the features of rows, which the graph makes."""
    values = transform.run(model, transform.inputs_of(part, inputs))
    return [pl.Series(name, values[:, place]) for place, name in enumerate(names)]
