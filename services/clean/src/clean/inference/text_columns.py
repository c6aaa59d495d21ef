"""Type inference of an undeclared text column, from all of its rows."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from type_inference import text_cells
from type_inference.field_types import MAX_MISMATCH_SHARE, NARROWEST_FIRST, FieldType
from type_inference.missing_tokens import MISSING_MARKS
from type_inference.number_format_candidates import are_non_numeric

from clean.cleaning.field_parsing import read_trimmed
from clean.inference.boolean_words import BooleanDetector
from clean.inference.detectors import Batch, FormatDetector
from clean.inference.messages import beyond_limit, propose_settings, show_position
from clean.inference.mismatches import Mismatches, Position, TextSelection
from clean.inference.missing_tokens import MissingTokenInference
from clean.inference.number_formats import NumberFormatDetector
from clean.parsing.arrays import count_occurrences, distinct_texts
from clean.schema.field_descriptions import ColumnType
from clean.schema.fields import Field
from clean.schema.toml_text import as_toml, settings_table

_MARKS = pa.array(MISSING_MARKS)


@dataclass
class TextInference:
    """Infers the type of a column of texts."""

    rules: Field
    """Missing tokens, words and time zone of the column; its type is not used."""
    rows: int
    """Rows of the whole table; a type with too many mismatches is dropped early."""
    token_inference: MissingTokenInference
    """Inference of missing tokens, used if the column becomes a string."""
    detects_missing_marks: bool = True
    """Whether `?` and similar texts may mean missing; false if the settings declare tokens."""
    present: int = 0
    mismatches: dict[FieldType, Mismatches] = field(
        default_factory=lambda: {kind: Mismatches() for kind in NARROWEST_FIRST}
    )
    """Mismatches of each type that is still possible."""
    first_beyond: Position | None = None
    """First integer that a double cannot hold, while all values are integers."""
    is_whole: bool = True
    """Whether all values are integers of any size."""
    missing_marks: Counter[str] = field(default_factory=Counter)
    """Number of rows by missing mark, such as ?; marks need not fit a type."""
    numbers: NumberFormatDetector | None = None
    """Detects whether the numbers have another format than JSON."""
    detectors: tuple[FormatDetector, ...] = ()
    """Detectors for texts that are not in the default format of any type."""
    non_numeric: Mismatches = field(default_factory=Mismatches)
    """Values such as ERR, which are neither numbers nor dates."""

    def add(self, cells: pa.Array, *, first_row: int) -> None:
        """Add the next cells of the column; each distinct text is parsed once."""
        distinct, indices = distinct_texts(cells)
        trimmed = text_cells.trim(distinct)
        rows = count_occurrences(indices, len(distinct))
        # A dictionary may hold texts that no cell has.
        missing = pc.or_(text_cells.is_missing(trimmed, self.rules.missing), pa.array(rows == 0))
        if self.detects_missing_marks:
            is_mark = pc.and_not(pc.is_in(trimmed, value_set=_MARKS), missing)
            mark_counts = zip(
                trimmed.filter(is_mark).to_pylist(), rows[_mask(is_mark)], strict=True
            )
            for mark, count in mark_counts:
                self.missing_marks[mark] += int(count)
            missing = pc.or_(missing, is_mark)
        values = text_cells.mask_missing(trimmed, missing)
        counts = rows * ~_mask(missing)
        self.present += int(counts.sum())
        is_whole: pa.Array | None = None
        if self.is_whole or "integer" in self.mismatches:
            is_whole = text_cells.are_whole(values)
            self.is_whole &= pc.all(is_whole).as_py() is not False
        fitting: set[FieldType] = set()
        is_not_number = np.ones(len(values), dtype=bool)
        for kind in tuple(self.mismatches):
            # Integers are numbers as well.
            if kind == "number" and "integer" in fitting:
                fitting.add("number")
                continue
            is_mismatch = _find_mismatches(
                values, replace(self.rules, type=kind), is_whole=is_whole
            )
            if kind == "number":
                is_not_number = is_mismatch
            if is_mismatch.any():
                self._count(kind, TextSelection(is_mismatch, values, indices, first_row), counts)
            else:
                fitting.add(kind)
        batch = Batch(
            values, values, is_integer="integer" in fitting, is_number="number" in fitting
        )
        if not fitting and self._detectors():
            non_numbers = TextSelection(is_not_number, values, indices, first_row)
            batch = self._remove_non_numeric(batch, counts, non_numbers)
        for detector in self._detectors():
            detector.add(batch)
        self.token_inference.add(values, trimmed, rows)

    def infer(self) -> ColumnType:
        """Return the narrowest type that fits all values, else string.

        Unless it is string, missing marks such as ? become missing tokens.
        """
        column_type = self._find_type() if self.present and not self._is_beyond_limit() else None
        if column_type is None:
            return ColumnType("string", self.token_inference.keys())
        if not self.missing_marks:
            return column_type
        missing = [*self.rules.missing, *sorted(self.missing_marks)]
        return column_type._replace(keys={**column_type.keys, "missingValues": missing})

    def warning(self) -> str | None:
        """Return a warning about the result."""
        if self.first_beyond and self._is_beyond_limit():
            return beyond_limit(self.rules, self.first_beyond)
        if not self.present or self.infer().kind != "string":
            return None
        if ambiguity := self.ambiguity():
            return f"column {self.rules.name} becomes a string: {ambiguity}"
        found, mismatches = self._near_miss() or (None, None)
        if not found or not mismatches or mismatches.rows > MAX_MISMATCH_SHARE * self.present:
            return None
        return propose_settings(self.rules, found, mismatches, present=self.present)

    def hints(self) -> list[str]:
        """Return other possible interpretations of the values."""
        if self.infer().kind != "string":
            return []
        name, where = self.rules.name, settings_table(self.rules.name)
        words = filter(
            None,
            (
                detector.hint()
                for detector in self.detectors
                if isinstance(detector, BooleanDetector)
            ),
        )
        return [
            *(f"column {name} stays a string: {word.replace('{where}', where)}" for word in words),
            *self.token_inference.warnings(),
            *self._mark_hints(),
        ]

    def _mark_hints(self) -> list[str]:
        """Return the missing marks that stay values, with the setting that makes them missing."""
        marks = sorted(self.missing_marks)
        if not marks:
            return []
        name, kept = self.rules.name, self.token_inference.value_tokens()
        counted = " and ".join(f"'{mark}' in {self.missing_marks[mark]:,} rows" for mark in marks)
        missing = [*(text for text in self.rules.missing if text not in kept), *marks]
        stay, mean = (
            ("stay values", "they mean") if len(marks) > 1 else ("stays a value", "it means")
        )
        line = (
            f"column {name}: {counted} {stay}, as the others are texts; if {mean} missing:"
            f" {settings_table(name)} missing = {as_toml(missing)}"
        )
        return [line]

    @property
    def can_change(self) -> bool:
        return True

    def _near_miss(self) -> tuple[ColumnType, Mismatches] | None:
        """Return the type of nearly all values, and the values that do not fit it."""
        if self.mismatches:
            kind = min(self.mismatches, key=lambda kind: self.mismatches[kind].rows)
            return self._default_format(kind) or ColumnType(kind), self.mismatches[kind]
        column_type = next(
            filter(None, (detector.result() for detector in self._detectors())), None
        )
        return (column_type, self.non_numeric) if column_type and self.non_numeric.rows else None

    def ambiguity(self) -> str | None:
        """Return the two possible formats of an ambiguous column, and the settings to choose."""
        if not self.present or self.infer().kind != "string":
            return None
        if self.non_numeric.rows > MAX_MISMATCH_SHARE * self.present:
            return None
        ambiguity = next(
            filter(None, (detector.explain_ambiguity() for detector in self._detectors())), None
        )
        if ambiguity is None:
            return None
        message = ambiguity.replace("{where}", settings_table(self.rules.name))
        if not self.non_numeric.rows:
            return message
        first = ", ".join(
            show_position(position, self.rules) for position in self.non_numeric.positions
        )
        return (
            f"{message}; {self.non_numeric.rows:,} of {self.present:,} values fit neither,"
            f" the first {first}"
        )

    def decimal(self) -> str | None:
        """Return the decimal separator of the column's numbers, if it is unambiguous."""
        is_decided = self.present and not self.non_numeric.rows and self.numbers
        return self.numbers.decimal() if self.numbers and is_decided else None

    def _detectors(self) -> tuple[FormatDetector, ...]:
        return (self.numbers, *self.detectors) if self.numbers else self.detectors

    def _find_type(self) -> ColumnType | None:
        kinds = (
            kind
            for kind in NARROWEST_FIRST
            if kind in self.mismatches and not self.mismatches[kind].rows
        )
        plain = next(kinds, None)
        if plain:
            return self._default_format(plain)
        if self.non_numeric.rows:
            # Boolean words have no digits, so they are also counted as non-numeric.
            detectors = [
                detector for detector in self.detectors if isinstance(detector, BooleanDetector)
            ]
            return next(filter(None, (detector.result() for detector in detectors)), None)
        return next(filter(None, (detector.result() for detector in self._detectors())), None)

    def _default_format(self, kind: FieldType) -> ColumnType | None:
        """Return the type in its default format, unless its numbers are ambiguous."""
        if kind == "integer" and self.numbers:
            return self.numbers.integer_type()
        if kind != "number" or not self.numbers:
            return ColumnType(kind)
        return None if self.numbers.ambiguity() else self.numbers.result() or ColumnType(kind)

    def _count(self, kind: FieldType, found: TextSelection, rows: npt.NDArray[np.intp]) -> None:
        mismatches = self.mismatches[kind]
        mismatches.add(found, rows)
        if kind == "integer" and self.first_beyond is None:
            self.first_beyond = mismatches.positions[0]
        if mismatches.rows > MAX_MISMATCH_SHARE * self.rows:
            del self.mismatches[kind]

    def _remove_non_numeric(
        self, batch: Batch, rows: npt.NDArray[np.intp], non_numbers: TextSelection
    ) -> Batch:
        """Count the non-numeric texts, and return the batch without them while they are few."""
        if self.non_numeric.rows > MAX_MISMATCH_SHARE * self.rows:
            return batch
        is_word = _mask(are_non_numeric(batch.texts))
        if not is_word.any():
            return batch
        self.non_numeric.add(non_numbers._replace(mask=is_word), rows)
        return batch._replace(
            texts=batch.texts.filter(pa.array(~is_word)),
            is_number=not (non_numbers.mask & ~is_word).any(),
        )

    def _is_beyond_limit(self) -> bool:
        return self.is_whole and self.first_beyond is not None


def _find_mismatches(
    values: pa.Array, rules: Field, *, is_whole: pa.Array | None
) -> npt.NDArray[np.bool_]:
    """Return which values are not of the type in `rules`."""
    fits = _mask(pc.is_valid(read_trimmed(values, rules)))
    if rules.type == "integer":
        fits &= _mask(is_whole)
    if rules.type == "number":
        fits &= ~_starts_with_zero(values)
    return _mask(pc.is_valid(values)) & ~fits


def _starts_with_zero(values: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which values are codes such as 01234; only texts with a leading zero are matched."""
    starts = (_mask(pc.starts_with(values, start)) for start in ("0", "+0", "-0"))
    found: npt.NDArray[np.bool_] = np.logical_or.reduce(tuple(starts))
    near = values.filter(pa.array(found))
    found[found] = _mask(text_cells.have_leading_zero(near))
    return found


def _mask(booleans: pa.Array) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = pc.fill_null(booleans, fill_value=False).to_numpy(
        zero_copy_only=False
    )
    return mask
