"""Sales of used chairs: a table of a text, an order, groups, weights, and a price to learn.

The price is a power of what the columns say, so that its logarithm is what is to be learnt.
"""

import csv
import random
from pathlib import Path

ROWS = 600
CONDITIONS = ["poor", "fair", "good", "as new"]
WORDS = ["oak", "leather", "scratched", "the", "a", "with", "chair", "old", "table"]
SETTINGS = """\
source = "table.csv"
target = {column = "price", transform = "log"}

[clean.columns.seller]
private = true

[features]
split = "group"
group_column = "seller"
weight_column = "pieces"
min_category_rows = 5

[features.columns.condition]
order = ["poor", "fair", "good", "as new"]

[features.columns.notes]
encoding = "text"
max_words = 20

[train]
trials = 2
folds = 2
"""
ROW = {"notes": "Oak chair, with LEATHER!", "condition": "good"}
"""What a client asks about: nothing of seller and pieces, which are not features."""


def write_sales(path: Path) -> None:
    """Write the table; the last three rows can't be learnt from."""
    chance = random.Random(7)  # noqa: S311  # a table, no secret
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["notes", "condition", "seller", "pieces", "price"])
        for _ in range(ROWS):
            words = chance.choices(WORDS, k=8)
            rank = chance.randrange(len(CONDITIONS))
            power = 3 + 0.5 * rank + 1.5 * ("leather" in words) + chance.gauss(0, 0.05)
            notes = f"{words[0].capitalize()} {' '.join(words[1:-1])}, {words[-1].upper()}!"
            seller = f"seller-{chance.randrange(40)}"
            pieces, price = chance.randint(1, 5), round(2.718281828**power, 2)
            writer.writerow([notes, CONDITIONS[rank], seller, pieces, price])
        writer.writerow(["free", "poor", "seller-1", 1, 0])
        writer.writerow(["none left", "poor", "seller-1", 0, 20])
        writer.writerow(["whose", "poor", "", 1, 20])
