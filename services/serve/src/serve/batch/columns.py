"""The columns of a table: read by the model, kept in the result, or unknown."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pyarrow as pa
from stage_contract import ContractError, SettingsError, did_you_mean

from serve.batch.arguments import Job
from serve.batch.arrow_cells import has_cells
from serve.codecs.rows import Rows
from serve.problems import ErrorDetail, ErrorList, RequestError

_SHOWN: Final = 3


def choose_columns(job: Job, names: Sequence[str], rows: Rows) -> list[str]:
    """Return the columns to keep.

    Raises:
        SettingsError: A column to keep is absent.
        ContractError: A required column is absent, or a column is unknown.
    """
    keep = [*_with_fields(job.keep or (), names, rows)]
    for name in keep:
        if name not in names:
            raise SettingsError(
                f"KEEP={name}: no such column in {job.name}{did_you_mean(name, names)}"
            )
    carried = {name for name in keep if name not in rows.known}
    errors = ErrorList()
    try:
        rows.check_names([name for name in names if name not in carried], errors)
        errors.raise_if_any()
    except RequestError as error:
        sentences = [_sentence(each, rows) for each in error.errors]
        more = f", and {len(sentences) - _SHOWN} more" if len(sentences) > _SHOWN else ""
        raise ContractError(f"{job.name}: {'; '.join(sentences[:_SHOWN])}{more}") from None
    twice = [name for name in carried if names.count(name) > 1]
    if twice:
        raise ContractError(f"{job.name}: column {twice[0]} is repeated; rename one of them")
    return [*dict.fromkeys(keep or names)]


def _with_fields(keep: Iterable[str], names: Sequence[str], rows: Rows) -> Iterator[str]:
    """Yield the columns to keep; a struct that ingest flattened stands for its fields."""
    for name in keep:
        is_struct = name not in names and name.partition(".")[0] in rows.flattened
        fields = [each for each in names if each.startswith(f"{name}.")] if is_struct else []
        yield from fields or [name]


def check_types(job: Job, schema: pa.Schema, rows: Rows) -> None:
    """Check the types of the columns that the model reads.

    Raises:
        ContractError: A type is not one of the contract's.
    """
    for field in schema:
        if not has_cells(field.type):
            raise ContractError(
                f"{job.name}: column {field.name}: is of type {field.type}, expected"
                f" {rows.rules[field.name].expected_json}; write the table again with such a type"
            )


def _sentence(error: ErrorDetail, rows: Rows) -> str:
    if error.column in rows.known:
        return f"column {error.column}: expected {error.expected}"
    hint = f"did you mean {error.did_you_mean}? Otherwise " if error.did_you_mean else ""
    _, _, several = error.expected.partition("; ")
    if several:
        return f"column '{error.column}': {several}; name it in the header"
    if not error.column:
        return (
            "a column without a name: not a column of the model; remove it, or name it in the"
            " header and in KEEP to copy it to the result"
        )
    return (
        f"column {error.column}: not a column of the model; {hint}add it to KEEP to copy it to the"
        " result"
    )
