"""The guess: everything that the pipeline file will say, before it is written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.guessing.columns import Column
from ingest.guessing.profiles import (
    as_texts,
    finish_profiles,
    start_profiles,
    without_tokens,
)
from ingest.guessing.relations import find_relations
from ingest.guessing.roles import Role, choose_roles
from ingest.guessing.sampling import RowSample
from ingest.guessing.targets import Target, choose_target
from ingest.guessing.time_splits import TimeSplit, find_time_split
from ingest.guessing.toml_text import quoted


@dataclass(frozen=True)
class Guess:
    """What a table looks like and what could be made of it."""

    rows: int
    columns: Sequence[Column]
    target: Target
    roles: Sequence[Role]
    """Of each column but the target, in the order of the table."""
    time_split: TimeSplit | None
    target_group: str | None = None
    """The key of the group in which the target has one value."""

    @property
    def excluded(self) -> list[Role]:
        return [role for role in self.roles if role.excluded]

    @property
    def has_group_split(self) -> bool:
        """Whether the rows of a group go to one side: a random split would tell their target."""
        is_by_time = self.time_split is not None and self.time_split.why_not is None
        return self.target_group is not None and not is_by_time

    @property
    def inputs(self) -> list[Role]:
        return [role for role in self.roles if not role.excluded]

    @property
    def local_times(self) -> list[str]:
        """The columns whose datetimes have no offset."""
        return [column.name for column in self.columns if column.has_naive]

    def warnings(self) -> Iterator[str]:
        """Yield what a person should look at, most urgent first."""
        if not self.inputs:
            yield "no column is left to predict from"
        if self.target.column.doubt:
            yield f"{quoted(self.target.column.name)}: {self.target.column.doubt}"
        if self.target.is_imbalanced:
            yield f"the classes of {quoted(self.target.column.name)} are far from equally frequent"
        if self.target_group:
            yield (
                f"{quoted(self.target.column.name)} has one value for each"
                f" {quoted(self.target_group)}: rows of one must not be on both sides of the split"
            )
        for role in self.roles:
            if role.excluded and role.excluded.startswith("a leak"):
                yield f"{quoted(role.column.name)} is {role.excluded}"
            if role.warning:
                yield f"{quoted(role.column.name)}: {role.warning}"
        for column in self.columns:
            for reading in column.readings:
                yield f"{quoted(column.name)}: {reading.told}"


def guess(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, *, target: str | None = None
) -> Guess:
    """Look at all rows of a table and guess its target and what becomes of its columns.

    Raises:
        SettingsError: there is no column of the wanted target's name.
        ContractError: no column could be a target, several could, or one is of a type that no
            stage reads.
    """
    profiles = start_profiles(schema)
    sample = RowSample(pa.schema([(name, pa.string()) for name in schema.names]))
    rows = 0
    for batch in batches:
        texts = as_texts(batch, schema.names)
        for profile, column in zip(profiles, texts.columns, strict=True):
            profile.add(column)
        sample.add(without_tokens(texts), first_row=rows)
        rows += batch.num_rows
    columns = finish_profiles(profiles)
    seen = sample.table()
    relations = find_relations(columns, seen)
    chosen = choose_target(columns, wanted=target, relations=relations)
    roles = choose_roles(columns, chosen, sample=seen, relations=relations)
    inputs = [role.column for role in roles if not role.excluded]
    return Guess(
        rows=rows,
        columns=columns,
        target=chosen,
        roles=roles,
        time_split=find_time_split(inputs, chosen, sample=seen),
        target_group=relations.constants.get(chosen.column.name),
    )
