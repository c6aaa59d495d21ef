"""Rows of the example as people write them, and the keys of contract 1.1 by which they are read."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from conformance.models.tensors import Row

RULES: Mapping[str, Mapping[str, Any]] = {
    "size": {"affixes": ["m²", "ca."], "decimalChar": ","},
    "rooms": {"affixes": ["rooms"], "groupChar": "'"},
    "colour": {"unicode": "NFC", "case": "lower", "synonyms": {"weiss": "white"}},
    "garden": {"trueValues": ["yes"], "falseValues": ["no"]},
    "built": {"format": "%d/%m/%Y"},
    "sold": {"format": "%m/%d/%y %I:%M:%S %p %z"},
}
"""By column of the example."""

WRONG: Mapping[str, str] = {
    "size": "5 kg",
    "rooms": "1'00 rooms",
    "garden": "true",
    "built": "12/31/2001",
    "sold": "13/01/24 10:00:00 AM +0000",
}
"""Texts that are none by the rules."""


def as_texts(row: Row) -> dict[str, str]:
    """Return the values of a complete row as texts, in forms that need the rules."""
    size = str(row["size"]).replace(".", ",")
    colour = "weiss" if row["colour"] == "white" else row["colour"]
    return {
        "size": f"ca. {size} m²",
        "rooms": f"{row['rooms']}\u00a0rooms",
        "colour": unicodedata.normalize("NFD", colour.upper()),
        "garden": "yes" if row["garden"] else "no",
        "built": f"{datetime.fromisoformat(row['built']):%d/%m/%Y}",
        "sold": f"{datetime.fromisoformat(row['sold']):%m/%d/%y %I:%M:%S %p %z}",
    }
