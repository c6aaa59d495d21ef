"""Datatypes of tensors: the datatype of each column, and its NumPy type."""

from typing import Any, Final

import numpy as np

from serve.schema.model_json import INTERVAL, QUANTILES, Class, Description
from serve.schema.signature import Column

TEXTS: Final = "BYTES"
BOOLEANS: Final = "BOOL"
NUMBERS: Final[dict[str, np.dtype[Any]]] = {
    "UINT8": np.dtype("u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
SINGLES: Final = "FP32"
DATATYPES: Final = (TEXTS, BOOLEANS, *NUMBERS)


def datatype_of(column: Column) -> str:
    """Return the datatype in the metadata; only FP64 and BYTES have a value for missing."""
    if column.type in {"string", "date", "datetime"}:
        return TEXTS
    if column.type == "number" or not column.is_required:
        return "FP64"
    return BOOLEANS if column.type == "boolean" else "INT64"


def datatype_of_label(classes: tuple[Class, ...]) -> str:
    """Return the datatype of the label."""
    types = set(map(type, classes))
    if types == {bool}:
        return BOOLEANS
    return "INT64" if types == {int} else TEXTS


def outputs_of(description: Description) -> dict[str, tuple[str, int]]:
    """Return datatype and width of each output."""
    name, classes = description.target.name, description.classes
    if classes is None:
        names = [name, *([] if description.interval is None else INTERVAL[1:])]
        outputs = dict.fromkeys(names, (SINGLES, 1))
        if description.quantiles is not None:
            outputs[QUANTILES] = (SINGLES, len(description.quantiles.levels))
        return outputs
    return {name: (datatype_of_label(classes), 1), "probabilities": (SINGLES, len(classes))}
