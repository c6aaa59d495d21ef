"""The proposal: everything that the pipeline file will contain."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from ingest.init_command.groups import Group
from ingest.init_command.relations import MIN_ROWS, Relations, find_relations
from ingest.init_command.roles import Role, choose_roles
from ingest.init_command.sampling import RowSample
from ingest.init_command.targets import Target, choose_target
from ingest.init_command.time_splits import TimeSplit, find_time_split
from ingest.profiling.columns import Column
from ingest.profiling.profiles import as_texts, finish_profiles, mask_tokens, start_profiles
from ingest.toml_text import quote, toml_key

MIN_FOOTER_COLUMNS = 3
MIN_FOOTER_SHARE = 0.5
"""Minimum number and share of the columns that only the last row leaves empty."""


@dataclass(frozen=True)
class Proposal:
    """The columns of a table, and the proposed target, roles and split."""

    rows: int
    columns: Sequence[Column]
    target: Target
    roles: Sequence[Role]
    """Roles of all columns except the target, in table order."""
    time_split: TimeSplit | None
    group: Group | None = None
    """Group whose rows share values."""
    footer: str | None = None
    """Why the last row may not be data."""
    keeps_duplicates: bool = False
    """Whether equal rows are kept, because most rows equal another row."""

    @property
    def excluded(self) -> list[Role]:
        return [role for role in self.roles if role.excluded]

    @property
    def has_time_split(self) -> bool:
        return self.time_split is not None and self.time_split.why_not is None

    @property
    def has_group_split(self) -> bool:
        """Whether the rows of a group must be on one side of the split, to avoid leakage."""
        return not self.has_time_split and _requires_group_split(self.group, self.target)

    @property
    def has_group_target(self) -> bool:
        """Whether the target has one value per key of the group."""
        return self.group is not None and self.target.column.name in self.group.constants

    @property
    def inputs(self) -> list[Role]:
        return [role for role in self.roles if not role.excluded]

    @property
    def local_times(self) -> list[str]:
        """Columns whose datetimes have no offset, without those that hold dates."""
        return [
            column.name
            for column in self.columns
            if column.has_naive and not column.has_only_midnights
        ]

    def warnings(self) -> Iterator[str]:
        """Yield warnings for the user, most urgent first."""
        if not self.inputs:
            yield "no column is left to predict from"
        if self.target.column.ambiguity:
            yield f"{quote(self.target.column.name)}: {self.target.column.ambiguity}"
        if self.target.column.note:
            yield f"{quote(self.target.column.name)}: {self.target.column.note}"
        if self.target.is_imbalanced:
            yield f"the classes of {quote(self.target.column.name)} are imbalanced"
        yield from self._row_warnings()
        yield from self._group_warnings()
        for role in self.roles:
            if role.excluded and role.excluded.startswith("a leak"):
                yield f"{quote(role.column.name)} is {role.excluded}"
            if role.warning:
                yield f"{quote(role.column.name)}: {role.warning}"
        for column in self.columns:
            for reading in column.alternative_readings:
                yield f"{quote(column.name)}: {reading.message}"

    def _row_warnings(self) -> Iterator[str]:
        """Yield warnings about rows that do not fit the others."""
        if self.footer:
            yield self.footer
        for column in [self.target.column, *(role.column for role in self.inputs)]:
            if note := column.mismatch_note:
                yield f"{quote(column.name)}: {note}"

    def _group_warnings(self) -> Iterator[str]:
        if self.group is None or self.has_group_split:
            return
        what, advice = self.group.describe(), "are alike"
        if self.has_group_target:
            what = replace(self.group, constants=(self.target.column.name,)).describe()
            advice = "must not be on both sides of the split"
        yield f'{what}: rows of one {advice}; see split = "group" in the file'


def propose(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, *, target: str | None = None
) -> Proposal:
    """Read all rows of a table and propose a target, roles and a split.

    Raises:
        SettingsError: No column has the name of the requested target.
        ContractError: There is no target or several candidates, or a column has an unsupported
            type.
    """
    profiles = start_profiles(schema)
    sample = RowSample(pa.schema([(name, pa.string()) for name in schema.names]))
    rows = 0
    last: pa.RecordBatch | None = None
    for batch in batches:
        texts = as_texts(batch, schema.names)
        for profile, column in zip(profiles, texts.columns, strict=True):
            profile.add(column)
        sample.add(mask_tokens(texts), first_row=rows)
        rows += batch.num_rows
        last = texts.slice(batch.num_rows - 1) if batch.num_rows else last
    columns = finish_profiles(profiles)
    rows_sample = sample.table()
    relations = find_relations(columns, rows_sample)
    columns = _mark_private_copies(columns, relations)
    chosen_target = choose_target(
        [column.as_numbers_with_rejects() for column in columns],
        requested=target,
        relations=relations,
    )
    columns = [
        chosen_target.column
        if column.name == chosen_target.column.name
        else column.infer_boolean_words()
        for column in columns
    ]
    roles = choose_roles(columns, chosen_target, sample=rows_sample, relations=relations)
    inputs = [role.column for role in roles if not role.excluded]
    proposal = Proposal(
        rows=rows,
        columns=columns,
        target=chosen_target,
        roles=roles,
        time_split=find_time_split(
            inputs, chosen_target, sample=rows_sample, groups=relations.groups
        ),
        group=_choose_group(relations, chosen_target, roles),
        footer=_find_footer(roles, last),
        keeps_duplicates=_are_mostly_duplicates(rows_sample),
    )
    return _exclude_group_key(proposal) if proposal.has_group_split else proposal


def _are_mostly_duplicates(sample: pa.Table) -> bool:
    different: int = sample.group_by(sample.column_names).aggregate([]).num_rows
    rows: int = sample.num_rows
    return rows >= MIN_ROWS and 2 * different <= rows


def _find_footer(roles: Sequence[Role], last: pa.RecordBatch | None) -> str | None:
    """Return why the last row may not be data: it alone has no value in most columns."""
    if last is None:
        return None
    filled = [name for name in last.schema.names if last[name].null_count == 0]
    known = [role for role in roles if role.column.present]
    empty = [
        role
        for role in known
        if role.column.present == role.column.rows - 1 and role.column.name not in filled
    ]
    if len(empty) < max(MIN_FOOTER_COLUMNS, MIN_FOOTER_SHARE * len(known)):
        return None
    best = next((role for role in empty if not role.excluded), empty[0]).column.name
    return (
        f"the last row has no value in {len(empty)} columns in which all others have one: a total"
        f" or a note? Delete it, or set required = true in [clean.columns.{toml_key(best)}]"
    )


def _mark_private_copies(columns: Sequence[Column], relations: Relations) -> list[Column]:
    """Mark copies of private columns as private: they hold the same information."""
    originals = {
        relations.copies.get(column.name, column.name): column.name
        for column in columns
        if column.private
    }
    return [
        replace(column, private_original=original)
        if not column.private
        and (original := originals.get(relations.copies.get(column.name, column.name)))
        else column
        for column in columns
    ]


def _choose_group(relations: Relations, target: Target, roles: Sequence[Role]) -> Group | None:
    """Return the group that determines the target, else the group with most constants.

    A key that has one value for each class is another form of the target, not a group.
    """
    name = target.column.name
    copies = {role.column.name for role in roles if role.is_target_copy}
    groups = [
        group
        for group in relations.groups
        if group.key != name
        and (group.key not in copies or (group.is_named and not target.classes))
    ]
    return max(
        groups,
        key=lambda group: (
            group.is_named and name in group.constants,
            group.is_sure,
            len(group.constants),
        ),
        default=None,
    )


def _requires_group_split(group: Group | None, target: Target) -> bool:
    if group is None:
        return False
    return group.is_sure or (group.is_named and target.column.name in group.constants)


def _exclude_group_key(proposal: Proposal) -> Proposal:
    """Exclude the group key from the inputs: new groups have new keys."""
    reason = "an identifier: the group_column of the split"
    roles = [
        Role(role.column, excluded=reason)
        if proposal.group and role.column.name == proposal.group.key and not role.excluded
        else role
        for role in proposal.roles
    ]
    return replace(proposal, roles=roles)
