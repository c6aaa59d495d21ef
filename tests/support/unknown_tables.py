"""Three tables that are not in data/, as newcomers bring them: two tidy ones and a messy one."""

import csv
import io
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from sklearn.datasets import load_breast_cancer, load_wine

ROWS = 1200
NAMES = ("Ada", "Bo", "Çelik", "Dörte", "Émile", "Frida", "Gül", "Hans", "Ines", "Jürgen")
NOTES = ("asked for a callback on", "wants the invoice by post since", "complained loudly on")


def wine() -> str:
    """Return 178 wines of three cultivars: 13 measures and the class, its last column."""
    table = load_wine()
    classes = [table.target_names[label] for label in table.target]
    rows = [[*row, label] for row, label in zip(table.data, classes, strict=True)]
    return as_csv([*table.feature_names, "cultivar"], rows)


def tumours() -> str:
    """Return 569 tumours: 30 measures behind the class, malignant or not, and a row number."""
    table = load_breast_cancer()
    classes = ["MB"[label] for label in table.target]
    rows = [
        [place, label, *row]
        for place, (label, row) in enumerate(zip(classes, table.data, strict=True), 1)
    ]
    return as_csv(["", "diagnosis", *table.feature_names], rows)


def customers() -> str:
    """Return 1,200 customers, of whom 6 % leave: semicolons, keys, dates, e-mail, leaks."""
    chance = random.Random(11)  # noqa: S311  # equal rows in each run, not secrets
    start = datetime(2024, 1, 1, 8, tzinfo=UTC)
    names = [
        "Kundennr. id",
        "E-Mail",
        "Last Name",
        "ordered at",
        "Größe (cm)",
        "spent_eur",
        "plan.type",
        "rating",
        "country",
        'said "so"',
        "churn code",
        "churned",
    ]
    rows = []
    for row in range(ROWS):
        leaves = chance.random() < 0.06
        name = chance.choice(NAMES)
        spent = chance.gauss(40 if leaves else 90, 25)
        rows.append(
            [
                f"K{100_000 + 7 * row}",
                f"{name.lower()}.{row}@example.org",
                f"{name}-{chance.randrange(400)}",
                (start + timedelta(hours=7 * row + chance.randrange(7))).isoformat(),
                f"{chance.gauss(170, 9):.1f}",
                "?" if chance.random() < 0.03 else f"{spent:.2f}",
                chance.choices(["basic", "plus", "pro"], [6, 3, 1])[0],
                "" if chance.random() < 0.1 else str(chance.randrange(1, 6) - 2 * leaves),
                "DE",
                f"{name} {chance.choice(NOTES)} day {row}; twice",
                "X" if leaves else "-",
                "yes" if leaves else "no",
            ]
        )
    return as_csv(names, rows, delimiter=";")


def typed_by_hand() -> str:
    """Return 60 orders with decimal commas, groups, currencies, percentages and German dates.

    Among them are a continent NA, countries that may be yes and no, and a sensor that failed.
    """
    names = ["ordered", "weight", "price", "turnover", "discount", "week", "doubt", "sent"]
    names += ["continent", "country", "sensor", "kind"]
    rows = [
        [
            f"{row % 28 + 1:02}.{row % 12 + 1}.2024",
            f"{row * 7 % 31},{row % 10}",
            f"{row % 9 + 1}.{row * 37 % 1000:03},50 €",
            f"{row + 1},{row * 91 % 1000:03}.25",
            f"{row % 40}.5 %",
            f"{row % 53:02}/2024",
            f"{row % 7 + 1},{row * 13 % 1000:03}",
            "?" if row % 20 == 3 else f"12/{row % 28 + 1:02}/2024 08:{row:02}",
            ("EU", "AS", "NA")[row % 3],
            ("NO", "SI")[row % 5 % 2],
            "ERR" if row == 30 else f"{row * 7 % 31}.{row % 10}",
            "abc"[row % 3],
        ]
        for row in range(60)
    ]
    return as_csv(names, rows, delimiter=";")


def of_two_readings(*, has_decimal_comma: bool) -> str:
    """Return 60 orders with numbers, days and versions that can be read in two ways."""
    chance = random.Random(5)  # noqa: S311  # equal rows in each run, not secrets
    names = [
        *("price", "load", "share", "bare", "comma"),
        *("day", "sent", "version", "part", "code", "kind"),
    ]
    rows = [
        [
            f"{row % 9 + 1}.{row * 37 % 1000:03} €",
            f"{row % 30 + 1}.{row * 91 % 1000:03} kg",
            f"{row % 40 + 1}.{row * 53 % 1000:03} %",
            f"{row % 50 + 1}.{row * 71 % 1000:03}",
            f"{row % 7 + 1},{row * 13 % 1000:03}",
            f"{row % 28 + 1:02}/{row % 12 + 1:02}/{row % 9 + 14:02}",
            f"{row % 20 + 10}.{row % 12 + 1:02}.{row % 9 + 14} 08:{row:02}",
            f"{row % 3 + 1}.{row % 21}",
            f"13.{row % 12 + 1}.{row % 22 + 10}",
            f"{row % 5 + 1}E{row % 9 + 1}",
            chance.choice("abc"),
        ]
        for row in range(60)
    ]
    if has_decimal_comma:
        names.insert(0, "size")
        rows = [[f"{place % 31},{place % 10}", *row] for place, row in enumerate(rows)]
    return as_csv(names, rows, delimiter=";")


def as_csv(names: Sequence[str], rows: Iterable[Sequence[object]], *, delimiter: str = ",") -> str:
    """Return a table as a CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()
