"""Clean-data for a target of classes: some are rare, and columns have the names of features."""

from pathlib import Path

import pyarrow as pa

from conformance.inputs.clean_data import write_clean_data
from conformance.inputs.houses import Houses, houses, random_houses

CLASSES = "colour"
"""A column of texts, some of them missing: as a target it has classes."""
RARE_CLASSES = ("amber", "azure", "beige", "black")
"""Classes before all others, of one row, two, and so on: some have no row in a part."""
HEATING, HEATINGS = "heating", ("Gas", "gas", "Öl")
NAMES_OF_FEATURES = ("@target", "size missing", "heating=Gas", "heating_Gas")
"""Names that a stage may give to a label or a feature of another column."""


def write_class_data(volume: Path, seed: int) -> None:
    """Publish the houses of the example, and more houses of rare classes."""
    rare = [name for rows, name in enumerate(RARE_CLASSES, 1) for _ in range(rows)]
    more = random_houses(len(rare), seed).with_values(CLASSES, rare)
    table = Houses(pa.concat_tables([houses().table, more.table]))
    rows = range(len(table))
    heating = [HEATINGS[row % len(HEATINGS)] for row in rows]
    table = table.with_column(HEATING, heating, "string", pa.string())
    for number, name in enumerate(NAMES_OF_FEATURES, 2):
        values = [row % 7 + row / number for row in rows]
        table = table.with_column(name, values, "number", pa.float64())
    write_clean_data(volume, table)
