"""A table as people write it: every column in its own dirty way, and some cells beyond repair."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

type Draw = Callable[[random.Random], str]
type Row = dict[str, str]

NUMBER: Final = "id"
"""The column that counts the rows."""
TARGET: Final = "y"
PLAIN: Final = ("id", "plain", "y")
"""Columns of numbers without a rule for their texts."""

SETTINGS: Final = """\
source = "table.csv"
target = "y"

[clean]
timezone = "Europe/Berlin"
missing = ["", "NA", "-"]

[clean.columns.amount]
type = "number"
affixes = ["$", "US$", "EUR"]
group_char = ","
maximum = 2_000_000

[clean.columns.weight]
affixes = ["kg", "k"]
group_char = "."
decimal_char = ","
maximum = 1e12

[clean.columns.share]
percent = true

[clean.columns.count]
type = "integer"
group_char = " "

[clean.columns.sold]
type = "boolean"
true_values = ["yes", "Y", "1"]
false_values = ["no", "N", "0"]

[clean.columns.day]
type = "date"
format = "%d/%m/%Y"

[clean.columns.seen]
type = "datetime"
format = "%m/%d/%y %I:%M %p"

[clean.columns.city]
type = "string"
unicode = "NFC"
case = "lower"
whitespace = "collapse"
synonyms = {"nyc" = "new york", "saint louis" = "st. louis", "unknown" = "-"}

[clean.columns.code]
type = "string"
unicode = "NFKC"
case = "upper"
max_length = 5

[clean.columns.plain]
type = "number"
minimum = -1e9
maximum = 1e9
"""

_ABSENT: Final = 0.03
_DAMAGED: Final = 0.03
_MISSING: Final = ("", "NA", "-")
_SPACES: Final = ("", "", "", " ", "\t", "\u00a0", "\u2003", "\u3000")
_STRAY: Final = " \u00a0.,'\u2019%$k-+\u22120159eE/:yY\u00df\u0130\u0301\u0663"
_EPOCH: Final = datetime(1995, 1, 1, tzinfo=UTC)
_MINUTES: Final = 20_000_000
_CITIES: Final = (
    *("New York", "NYC", "new  york", "St. Louis", "Saint\u00a0Louis", "Unknown", "S\u00e3o Paulo"),
    *("Z\u00fcrich", "Zu\u0308rich", "Z\u00dcRICH", "\u0130stanbul", "istanbul", "STRASSE"),
    *("stra\u00dfe", "\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3"),
)
_CODES: Final = ("a1", "A1", "\uff21\uff11", "\ufb01x", "FIX", "e\u0301", "\u00c9", "\u00b2", "b-2")


def table(rows: int, *, seed: int) -> list[Row]:
    """Return rows of texts by column."""
    chance = random.Random(seed)  # noqa: S311  # the same rows for the same seed
    return [
        {
            NUMBER: str(number),
            **{name: _cell(draw, chance) for name, draw in _COLUMNS.items()},
            TARGET: repr(chance.uniform(0, 100)),
        }
        for number in range(rows)
    ]


def _cell(draw: Draw, chance: random.Random) -> str:
    text = chance.choice(_MISSING) if chance.random() < _ABSENT else draw(chance)
    if chance.random() < _DAMAGED:
        place = chance.randint(0, len(text))
        text = text[:place] + chance.choice(_STRAY) + text[place + chance.randint(0, 1) :]
    return chance.choice(_SPACES) + text + chance.choice(_SPACES)


def _digits(chance: random.Random, *, group: str, point: str) -> str:
    value = chance.lognormvariate(5, 3)
    form = f",.{chance.randint(0, 2)}f" if chance.random() < 0.6 else f".{chance.randint(0, 2)}f"
    return format(value, form).translate({ord(","): group, ord("."): point})


def _amount(chance: random.Random) -> str:
    digits = _digits(chance, group=",", point=".")
    sign = chance.choice(["", "", "+", "-", "\u2212"])
    currency = chance.choice(["$", "US$", "$ ", "US$\u00a0"])
    return chance.choice(
        [
            f"{sign}{digits}",
            f"{sign}{currency}{digits}",
            f"{currency}{sign}{digits}",
            f"{digits} EUR",
        ]
    )


def _weight(chance: random.Random) -> str:
    return _digits(chance, group=".", point=",") + chance.choice([" kg", "kg", "\u202fkg", "k", ""])


def _share(chance: random.Random) -> str:
    return f"{chance.uniform(-5, 120):.{chance.randint(0, 3)}f}" + chance.choice(
        ["%", " %", "\u00a0%"]
    )


def _count(chance: random.Random) -> str:
    space = chance.choice([" ", "\u00a0", "\u2009", "\u202f", ""])
    return f"{chance.randrange(10 ** chance.randint(1, 9)):,}".replace(",", space)


def _moment(chance: random.Random) -> datetime:
    return _EPOCH + timedelta(minutes=chance.randrange(_MINUTES))


def _day(chance: random.Random) -> str:
    day = _moment(chance)
    return chance.choice(
        [f"{day:%d/%m/%Y}", f"{day.day}/{day.month}/{day.year}", f"{day:%Y-%m-%d}"]
    )


def _seen(chance: random.Random) -> str:
    moment = _moment(chance)
    half = chance.choice(["am", "AM"] if moment.hour < 12 else ["pm", "PM"])
    short = f"{moment.month}/{moment.day}/{moment:%y} {moment:%I:%M}"
    return chance.choice([f"{short} {half}", f"{short}\u202f{half}", f"{moment:%Y-%m-%dT%H:%M}Z"])


_COLUMNS: Final[Mapping[str, Draw]] = {
    "amount": _amount,
    "weight": _weight,
    "share": _share,
    "count": _count,
    "sold": lambda chance: chance.choice(["yes", "Y", "1", "no", "N", "0"]),
    "day": _day,
    "seen": _seen,
    "city": lambda chance: chance.choice(_CITIES),
    "code": lambda chance: chance.choice(_CODES),
    "plain": lambda chance: repr(chance.gauss(0, 1e3)),
}
