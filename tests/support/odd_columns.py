"""A table whose columns are hard to show: names with markup, private, 1,000 categories, formats."""

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROWS = 6000
MARKUP = "<img src=x onerror=\"document.title='broken'\">"
QUOTES = """it's "quoted" 💎"""
RIGHT_TO_LEFT = "سعر البيع"
HIDDEN = "\N{RIGHT-TO-LEFT OVERRIDE}filler 0"
CATEGORIES = 1000
SETTINGS = f"""\
source = "table.csv"
target = "price"

[clean.columns.owner]
private = true

[clean.columns.code]
description = {json.dumps(MARKUP)}
unit = "<b>unit</b>"

[train]
candidates = ["linear"]
interval = 0.9
trials = 1
folds = 2
"""


def write_odd_columns(path: Path) -> None:
    """Write the table; the price is a sum of what the columns say."""
    chance = random.Random(11)  # noqa: S311  # a table, no secret
    fillers = [HIDDEN, *(f"filler {number}" for number in range(1, 4))]
    names = [MARKUP, QUOTES, RIGHT_TO_LEFT, "code", "member", "rate", "since", "built", "owner"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, *fillers, "price"])
        for number in range(ROWS):
            size, rate = round(chance.uniform(0.1, 9), 2), round(chance.uniform(1, 40), 1)
            colour = chance.choice(["red", "green", "<b>blue</b>"])
            since = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(8760))
            price = 100 * size + 5 * rate + 20 * (colour == "red") + chance.gauss(0, 5)
            writer.writerow(
                [
                    size,
                    colour,
                    "" if number % 20 == 0 else chance.randrange(1000, 250_000),
                    f"code {number % CATEGORIES}",
                    chance.choice(["yes", "no"]),
                    f"{rate} %",
                    f"{since:%Y-%m-%dT%H:%M:%SZ}",
                    f"{since:%d.%m.%Y}",
                    f"owner {chance.randrange(20)}",
                    *(round(chance.gauss(0, 1), 3) for _ in fillers),
                    round(price, 2),
                ]
            )
