"""The values of a column that do not fit a type: their rows, texts and positions."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

type Position = tuple[int, str]
"""Row number and text of a value."""

_MAX_TEXTS = 5
"""Maximum number of distinct texts that are suggested as missing tokens."""

_MAX_POSITIONS = 3


class TextSelection(NamedTuple):
    """A selection of the distinct texts of a batch."""

    mask: npt.NDArray[np.bool_]
    values: pa.Array
    indices: pa.Array | None
    """Index of each cell's distinct text; None if the texts are the cells."""
    first_row: int

    def positions(self) -> list[Position]:
        """Return the positions of the first selected cells."""
        cells = self.mask if self.indices is None else self.mask[self.indices.to_numpy()]
        values = self.values if self.indices is None else self.values.take(self.indices)
        return [
            (self.first_row + row, values[row].as_py())
            for row in np.flatnonzero(cells)[:_MAX_POSITIONS].tolist()
        ]


@dataclass
class Mismatches:
    """The values that do not fit a type."""

    rows: int = 0
    texts: dict[str, None] = field(default_factory=dict)
    """First distinct texts, in order."""
    positions: list[Position] = field(default_factory=list)
    """First positions."""

    def add(self, selection: TextSelection, rows: npt.NDArray[np.intp]) -> None:
        """Add the selected texts; `rows` is the number of rows of each distinct text."""
        self.rows += int(rows[selection.mask].sum())
        if len(self.positions) < _MAX_POSITIONS:
            self.positions += selection.positions()[: _MAX_POSITIONS - len(self.positions)]
        if self.has_few_texts:
            texts = selection.values.filter(pa.array(selection.mask)).unique()
            self.texts |= dict.fromkeys(texts[: _MAX_TEXTS + 1].to_pylist())

    @property
    def has_few_texts(self) -> bool:
        return len(self.texts) <= _MAX_TEXTS
