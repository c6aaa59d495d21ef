"""The pipeline file: a guess as complete, commented TOML."""

from collections.abc import Iterator

from ingest.csv.dialect import Dialect
from ingest.init_command.column_settings import percent, write_columns
from ingest.init_command.proposal import Guess
from ingest.init_command.relations import Group
from ingest.init_command.targets import CLASS_ROWS_MIN, Target
from ingest.profiling.name_hints import names_weight
from ingest.profiling.toml_text import enumerated, have, quoted, shown

ROC_AUC_CLASSES_MAX = 20
"""Beyond, train does not compute it."""

_CLASSES_SHOWN = 6


def write_pipeline(
    guess: Guess, *, source: str, dialect: Dialect | None, encoding: str | None
) -> str:
    """Return the file for a source below the data folder.

    `dialect` is how a CSV is written, `encoding` what has to be set so that it can be read.
    """
    lines = [
        *_top(guess, source),
        *_ingest(dialect, encoding),
        *_clean(guess),
        *_features(guess),
        *_train(guess.target),
        *_serve(),
        *write_columns(guess),
    ]
    return "\n".join(lines) + "\n"


def _top(guess: Guess, source: str) -> Iterator[str]:
    target = guess.target
    size = f"{guess.rows:,} rows of {len(guess.columns)} columns"
    yield f"# Guessed from all {size}; change what is wrong."
    yield "# What each key means, and which others there are: services/<stage>/README.md."
    yield f"source = {quoted(source)}"
    yield ""
    others = ", ".join(map(quoted, target.others))
    yield f"# What is predicted, chosen {target.why}." + (
        f" Or is it one of {others}?" if others else ""
    )
    yield "# Another column: write it here, and take it out of exclude below."
    yield f"target = {quoted(target.column.name)}"


def _ingest(dialect: Dialect | None, encoding: str | None) -> Iterator[str]:
    yield ""
    yield "[ingest]"
    if dialect is None:
        yield "# It is no CSV, and says itself how it is to be read."
        return
    yield "# Found, as in each run anew; set it if it is wrong."
    yield f"# delimiter = {quoted(dialect.delimiter)}"
    if encoding:
        yield "# It is no UTF-8. If letters with accents are wrong below, set another."
        yield f"encoding = {quoted(encoding)}"
    else:
        yield f"# encoding = {quoted(dialect.encoding)}"
    if not dialect.header:
        yield "# The first line looks like the others, so it was taken for a row."
        yield "header = false"


def _clean(guess: Guess) -> Iterator[str]:
    yield ""
    yield "[clean]"
    yield "# Rows that repeat another one in all columns go to rejects/."
    yield '# duplicates = "keep"'
    if guess.local_times:
        names = ", ".join(map(quoted, guess.local_times))
        yield f"# The datetimes of {names} have no offset, so they are read in UTC."
        yield "# If they are local times, write their zone:"
        yield '# timezone = "Europe/Berlin"'


def _features(guess: Guess) -> Iterator[str]:
    yield ""
    yield "[features]"
    yield from _task(guess.target)
    yield from _exclude(guess)
    codes = [role.column.name for role in guess.inputs if role.is_category]
    if codes:
        yield "# Integers that are codes, not amounts."
        yield f"categories = [{', '.join(map(quoted, codes))}]"
    yield from _weights(guess)
    if guess.group and guess.has_group_split:
        yield from _group_split(guess, guess.group)
        return
    yield from _groups(guess)
    yield from _split(guess)


def _weights(guess: Guess) -> Iterator[str]:
    for role in guess.roles:
        if certainty := names_weight(role.column.name):
            doubt = "" if certainty == "surely" else ", unless it is the weight of a thing"
            yield f"# {quoted(role.column.name)} may say how much a row counts{doubt}:"
            yield f"# weight_column = {quoted(role.column.name)}"


def _group_split(guess: Guess, group: Group) -> Iterator[str]:
    name = quoted(group.key)
    if guess.has_group_target:
        yield f"# The target has one value for each {name}: with its rows on both sides of the"
        yield "# split, a model would know the answers of the test."
    else:
        yield _constants(group)
        yield "# All rows of one are on one side, as the API will be asked about new ones."
        yield "# If it will be asked about the same ones again, remove both lines."
    yield 'split = "group"'
    yield f"group_column = {name}"


def _constants(group: Group) -> str:
    names = f"{enumerated(group.constants)} {have(group.constants)}"
    return f"# {names} one value for each {quoted(group.key)}."


def _groups(guess: Guess) -> Iterator[str]:
    instead = ", instead of the split by time" if guess.has_time_split else ""
    keys = [role.column.name for role in guess.excluded if role.is_group]
    if group := guess.group:
        if guess.has_time_split:
            yield f"{_constants(group)} The same ones are on both sides of the split."
        else:
            yield _constants(group)
        keys = [group.key, *(name for name in keys if name != group.key)]
    for name in keys:
        yield f"# If the API will be asked about new ones of {quoted(name)}, all rows of one should"
        yield f"# be on one side{instead}:"
        yield '# split = "group"'
        yield f"# group_column = {quoted(name)}"


def _task(target: Target) -> Iterator[str]:
    column = target.column
    if missing := column.rows - column.present:
        yield f"# {missing:,} rows have no {quoted(column.name)}: they go to rejects/."
    if target.task == "regression":
        yield '# A number is predicted. Or is it above a limit: target = {column = "…", above = 0}?'
        yield 'task = "regression"'
        return
    total, rows = sum(target.classes.values()), list(target.classes.items())
    more = ", …" if len(rows) > _CLASSES_SHOWN or not column.distinct.is_exact else ""
    if column.private:
        yield f"# {len(rows)} classes."
    else:
        frequent = ", ".join(
            f"{shown(text)} {percent(n / total)}" for text, n in rows[:_CLASSES_SHOWN]
        )
        yield f"# {len(rows)} classes: {frequent}{more}."
    few = sum(count < CLASS_ROWS_MIN for _, count in rows)
    if few:
        yield f"# {few} of them in fewer than {CLASS_ROWS_MIN} rows. A class goes to rejects/ if it"
        yield "# has fewer training rows than this:"
        yield "# min_class_rows = 5"
    if column.is_numeric:
        yield '# If its numbers are amounts: task = "regression".'
    yield 'task = "classification"'


def _exclude(guess: Guess) -> Iterator[str]:
    yield "# Add what is not known yet when a prediction is asked for; with it any score flatters."
    if not guess.excluded:
        yield "exclude = []"
        return
    yield "exclude = ["
    for role in guess.excluded:
        yield f"    {quoted(role.column.name)},  # {role.excluded}"
    yield "]"


def _split(guess: Guess) -> Iterator[str]:
    found = guess.time_split
    if found is None:
        return
    if found.why_not:
        yield "# If the model will predict the future, the latest rows should test it."
        yield f"# Not set, since {found.why_not}."
        yield '# split = "time"'
        yield f"# time_column = {quoted(found.column)}"
        return
    yield "# The latest fifth of the rows tests the model, as the future will."
    yield '# If time does not matter: split = "hash", without time_column.'
    yield 'split = "time"'
    yield f"time_column = {quoted(found.column)}"


def _train(target: Target) -> Iterator[str]:
    yield ""
    yield "[train]"
    if target.is_imbalanced:
        rows = list(target.classes.values())
        rarest = percent(rows[-1] / sum(rows))
        metric = "roc_auc" if len(rows) <= ROC_AUC_CLASSES_MAX else "balanced_accuracy"
        yield f"# The rarest class has {rarest} of the rows, so accuracy says little. This may:"
        yield f'# metric = "{metric}"'
    yield "# More trials find better models, and take longer."
    yield "# trials = 12"


def _serve() -> Iterator[str]:
    yield ""
    yield "[serve]"
    yield "# Limits, keys, documentation: the defaults do."
