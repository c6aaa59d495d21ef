"""report.html and model-card.md: what they show, what they hide, and that both stay the same."""

import json
import re
from pathlib import Path

import pyarrow as pa
import pytest
from conftest import LINEAR, TrainStage
from made_data import CLASSES, MadeData
from made_numbers import MadeNumbers
from modelling.data.problem import Problem
from modelling.model_selection.metrics import choose_metric
from pages import Page
from pyarrow import parquet
from reporting.inspection.permutation_importance import Importance, Importances
from reporting.rendering import escape_markdown, finalize, quote_markdown
from reporting.sections import notices

EVERY_TASK = pytest.mark.parametrize("task", CLASSES)
EVIL = '<script>alert("1")</script>|x|'
PLOTS = {
    "regression": ["Prediction and truth", "Residuals", "Residuals by prediction", "Error by size"],
    "binary": ["ROC curve", "Precision and recall", "Calibration", "Predicted probabilities"],
}
PLOTS["three"] = PLOTS["binary"]
PLOTS_MAX_BYTES = 1_500_000


def page(stage: TrainStage) -> Page:
    return Page(stage.artifact().file("report.html").read_text(encoding="utf-8"))


def card(stage: TrainStage) -> str:
    return stage.artifact().file("model-card.md").read_text(encoding="utf-8")


def headings(found: Page) -> list[str]:
    return [text for place, text in found.texts if place.endswith(("figure/h3", "main/section/h2"))]


@EVERY_TASK
def test_a_report_has_all_parts_and_the_plots_of_its_task(stage: TrainStage, task: str) -> None:
    stage.train(MadeData(task))
    found = headings(page(stage))
    sections = [text for place, text in page(stage).texts if place.endswith("main/section/h2")]

    assert set(PLOTS[task]) <= set(found)
    assert sections == [
        "Quality",
        "Feature importance",
        "Partial dependence",
        "Rows in each stage",
        "Columns",
        "Model selection",
        "Lineage and reproduction",
    ]
    assert {"size", "colour"} <= set(found)


@EVERY_TASK
def test_model_json_has_the_importance_of_every_input_as_the_report_shows_it(
    stage: TrainStage, task: str
) -> None:
    stage.train(MadeData(task))
    importance = stage.document()["importance"]
    columns = importance["columns"]
    losses = [column["loss"] for column in columns]

    assert importance["metric"] == ("r2" if task == "regression" else "log_loss")
    assert (importance["rows"], importance["repeats"]) == (40, 5)
    names = [field["name"] for field in stage.document()["signature"]["fields"]]
    assert sorted(column["name"] for column in columns) == sorted(names)
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > 0
    assert all(column["deviation"] >= 0 for column in columns)
    shown = [text for place, text in page(stage).texts if place.endswith("li/span")]
    assert [text for text in shown if text in names] == [column["name"] for column in columns]


def test_importance_has_six_digits() -> None:
    metric = choose_metric("mae", Problem.model_construct(task="regression", classes=None))
    found = [Importance("size", 1 / 3, 2e-9 / 3), Importance("id", -0.1234567, 0.0)]

    assert Importances(metric, found, rows=50, repeats=2).describe() == {
        "metric": "mae",
        "rows": 50,
        "repeats": 2,
        "columns": [
            {"name": "size", "loss": 0.333333, "deviation": 6.66667e-10},
            {"name": "id", "loss": -0.123457, "deviation": 0.0},
        ],
    }


@EVERY_TASK
def test_every_plot_says_what_is_in_it_to_who_does_not_see_it(stage: TrainStage, task: str) -> None:
    stage.train(MadeData(task))
    found = page(stage)
    ids = {attributes["id"] for _, attributes in found.tags if "id" in attributes}
    drawn = [svg for svg in found.all("svg") if svg.get("role") == "img"]

    assert len(drawn) > 10
    for svg in drawn:
        labels = svg.get("aria-labelledby", "").split()
        assert svg.get("aria-label") or (labels and set(labels) <= ids)
    assert all("aria-hidden" in svg for svg in found.all("svg") if svg not in drawn)


def test_the_page_loads_nothing_and_runs_nothing(stage: TrainStage) -> None:
    stage.train(MadeData())
    text = stage.artifact().file("report.html").read_text(encoding="utf-8")
    found = Page(text)

    assert not {"script", "img", "iframe", "object"} & {tag for tag, _ in found.tags}
    assert all(link["href"].startswith("#") for link in found.all("a"))
    assert [link["href"] for link in found.all("link")] == ["data:,"]
    assert "url(" not in text
    assert not any(name.startswith("on") for _, each in found.tags for name in each)


@EVERY_TASK
def test_an_equal_cause_gives_equal_bytes(stage: TrainStage, task: str) -> None:
    settings = f"{LINEAR}\nslices = ['colour']"
    stage.build()
    before = stage.train(MadeData(task), settings)

    again = stage.run(settings, "--force")

    assert again == 0, stage.printed()
    assert stage.artifact().content == before.content


def test_another_gate_changes_no_byte(stage: TrainStage) -> None:
    first = stage.train(MadeData())

    again = stage.train(MadeData(), f"{LINEAR}\ngate = {{minimum = {{r2 = 0}}, worse_by = 'any'}}")

    assert again.id != first.id
    assert again.content == first.content


def renamed(path: Path) -> None:
    """Rename a column and a category to texts that look like markup."""
    for name in ("schema.json", "features.json"):
        text = (path / name).read_text(encoding="utf-8")
        document = json.loads(text.replace('"colour"', json.dumps(EVIL)))
        for field in document.get("fields", []):
            for category in field["observed"].get("categories", []):
                category["value"] = f"{category['value']}</td><b onclick='x'>"
        (path / name).write_text(json.dumps(document), encoding="utf-8")
    file = path / "test-rows/part-00000.parquet"
    table = parquet.read_table(file)
    names = [EVIL if name == "colour" else name for name in table.column_names]
    parquet.write_table(table.rename_columns(names), file)


@EVERY_TASK
def test_what_looks_like_markup_is_text(stage: TrainStage, task: str) -> None:
    stage.publish(MadeData(task), change=renamed)
    assert stage.run(f"{LINEAR}\nslices = [{json.dumps(EVIL)}]\nslice_rows = 10") == 0
    found, markdown = page(stage), card(stage)

    assert EVIL in found.text()
    assert "blue</td><b onclick" in found.text()
    assert not {"script", "b onclick"} & {tag for tag, _ in found.tags}
    assert not any("onclick" in attributes for _, attributes in found.tags)
    assert "<" not in re.sub(r"&lt;", "", markdown)
    assert "\\|x\\|" in markdown


HIDDEN = "\x1b[31m\x07\u202e\u2066\x00"
ARABIC = "لون البيت"
"""Ordinary letters that are written from right to left."""


def obscured(path: Path) -> None:
    """Put control and direction characters into a column, a category, a unit and a file name."""
    for name in ("schema.json", "features.json"):
        text = (path / name).read_text(encoding="utf-8")
        document = json.loads(text.replace('"colour"', json.dumps(f"{ARABIC}{HIDDEN}")))
        for field in document.get("fields", []):
            field["unit"] = f"m{HIDDEN}"
            for category in field["observed"].get("categories", []):
                category["value"] = f"{ARABIC}{HIDDEN}{category['value']}"
        if document.get("classes"):
            document["classes"] = [f"{each}{HIDDEN}" for each in document["classes"]]
        (path / name).write_text(json.dumps(document), encoding="utf-8")
    file = path / "test-rows/part-00000.parquet"
    table = parquet.read_table(file)
    names = [f"{ARABIC}{HIDDEN}" if name == "colour" else name for name in table.column_names]
    parquet.write_table(table.rename_columns(names), file)


@pytest.mark.parametrize("task", ["regression", "three"])
def test_control_and_direction_characters_are_escaped_and_letters_are_not(
    stage: TrainStage, task: str
) -> None:
    stage.publish(MadeData(task), change=obscured)
    assert stage.run(LINEAR) == 0
    html = stage.artifact().file("report.html").read_text(encoding="utf-8")

    for shown in (html, card(stage)):
        printed = shown.replace("\n", "").replace("\u00a0", "")
        assert [each for each in printed if not each.isprintable()] == []
    assert f"{ARABIC}\\x1b[31m\\x07\\u202e\\u2066\\x00" in page(stage).text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u200fb", "a\\u200fb"),
        ("a\nb\tc", "a b c"),
        ("12\u00a0%", "12\u00a0%"),
        (ARABIC, ARABIC),
        (", ", ", "),
        (1.5, 1.5),
    ],
)
def test_what_is_no_control_character_is_shown_as_it_is(text: object, shown: object) -> None:
    assert finalize(text) == shown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a_b*c", "a\\_b\\*c"),
        ("- a", "\\- a"),
        ("12. a", "12\\. a"),
        ("3.5", "3\\.5"),
        ("a\n\n# b", "a \\# b"),
        ("[x](javascript:y)", "\\[x\\]\\(javascript\\:y\\)"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("see www.evil.com", "see www\\.evil.com"),
    ],
)
def test_markdown_shows_a_text_as_it_is(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize(
    ("text", "quoted"), [("a = [1]", "`a = [1]`"), ("a `` b\n`", "``` a `` b ` ```")]
)
def test_code_in_markdown_ends_where_it_is_to_end(text: str, quoted: str) -> None:
    assert quote_markdown(text) == quoted


def test_the_model_card_has_a_dash_for_a_stage_that_rejected_no_row(stage: TrainStage) -> None:
    stage.train(MadeData())
    table = card(stage).partition("| stage | rows | rejected | reasons |")[2]
    rows = table.partition("\n\n")[0].splitlines()[2:]

    assert rows
    assert all(row.endswith(" | 0 | – |") for row in rows)


@EVERY_TASK
def test_of_a_private_column_there_is_the_name_and_no_value(stage: TrainStage, task: str) -> None:
    stage.train(MadeData(task))
    found, markdown = page(stage), card(stage)

    assert "owner" in found.text()
    assert "owner" not in headings(found)
    assert [text for _, text in found.texts if re.search(r"owner \d", text)] == []
    assert not re.search(r"owner \d", markdown)
    assert "Private columns, whose values are never shown: owner." in markdown


def private_target(path: Path) -> None:
    keep_private(path, "price")


def keep_private(path: Path, *names: str) -> None:
    file = path / "features.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    for column in document["columns"]:
        if column["name"] in names:
            column["private"] = True
    file.write_text(json.dumps(document), encoding="utf-8")


def test_of_a_private_target_no_single_value_is_drawn(stage: TrainStage) -> None:
    stage.publish(MadeData(), change=private_target)
    assert stage.run(LINEAR) == 0
    found = headings(page(stage))

    assert "Residuals" in found
    assert not {"Prediction and truth", "Residuals by prediction", "Error by size"} & set(found)


def test_the_model_card_names_every_private_column_whatever_its_role(stage: TrainStage) -> None:
    stage.publish(MadeData(), change=lambda path: keep_private(path, "price", "id"))
    assert stage.run(LINEAR) == 0

    assert "Private columns, whose values are never shown: id, owner, price." in card(stage)


def test_classes_of_a_private_target_have_numbers(stage: TrainStage) -> None:
    stage.publish(MadeData("three"), change=private_target)
    assert stage.run(LINEAR) == 0
    text = page(stage).text()

    assert "class 2" in text
    assert not {"cheap", "dear", "middling"} & set(text.split())


def with_leak(path: Path) -> None:
    """Make the number of rooms determine the price, in rows and features."""
    for folder in ("train", "test"):
        file = path / folder / "part-00000.parquet"
        table = parquet.read_table(file)
        rooms = (table["@target"].to_numpy() / 1000).round(2)
        place = table.column_names.index("rooms")
        scaled = pa.array(((rooms - 4) / 2).astype("float32"))
        parquet.write_table(table.set_column(place, "rooms", scaled), file)
        if folder == "test":
            raw = path / "test-rows/part-00000.parquet"
            rows = parquet.read_table(raw)
            place = rows.column_names.index("rooms")
            parquet.write_table(rows.set_column(place, "rooms", pa.array(rooms)), raw)


def test_a_leak_is_on_the_first_screen_with_its_remedy(stage: TrainStage) -> None:
    stage.publish(MadeData(), change=with_leak)
    assert stage.run(LINEAR) == 0, stage.printed()
    found = page(stage)

    assert "“rooms” may leak “price”" in found.text(within="header")
    assert 'add "rooms" to exclude in [features]' in found.text(within="header")
    assert "“rooms” may leak “price”" in card(stage)


def test_without_a_leak_there_is_no_warning(stage: TrainStage) -> None:
    stage.train(MadeData())

    assert "leak" not in page(stage).text(within="header")


def test_a_model_that_is_no_better_than_the_baseline_says_so_first(stage: TrainStage) -> None:
    def shuffled(path: Path) -> None:
        file = path / "train/part-00000.parquet"
        table = parquet.read_table(file)
        place = table.column_names.index("@target")
        turned = pa.chunked_array([table["@target"].to_numpy()[::-1]])
        parquet.write_table(table.set_column(place, "@target", turned), file)

    stage.publish(MadeData(), change=shuffled)
    settings = 'candidates = ["gradient-boosting"]\ntrials = 1'
    assert stage.run(f"{settings}\ngate = {{better_than_dummy = false}}") == 0

    assert "No better than the baseline" in page(stage).text(within="header")


@pytest.mark.parametrize(
    "data",
    [
        MadeData(transform="log"),
        MadeData(weighted=True),
        MadeData("three", weighted=True),
        MadeData("binary", by_time=True),
        MadeData(by_group=True),
    ],
    ids=["logarithm", "weights", "weighted classes", "time", "group"],
)
def test_whatever_the_data_are_the_page_is_whole(stage: TrainStage, data: MadeData) -> None:
    stage.train(data)
    found = page(stage)

    assert set(PLOTS[data.task]) <= set(headings(found))
    assert "nan" not in found.text().lower().split()
    assert not any("nan" in path["d"] for path in found.all("path"))


@pytest.mark.parametrize(
    "data",
    [MadeNumbers(columns=1), MadeNumbers(columns=300), MadeNumbers(columns=3, classes=50)],
    ids=["one column", "300 columns", "50 classes"],
)
def test_small_and_large_tables_have_a_page_of_bounded_size(
    stage: TrainStage, data: MadeNumbers
) -> None:
    data.publish(stage.root / "features")
    assert stage.run(LINEAR) == 0, stage.printed()
    found, size = page(stage), stage.artifact().file("report.html").stat().st_size

    assert size <= PLOTS_MAX_BYTES
    assert set(data.names) <= set(found.text().replace(" (", "  (").split("  ")) | {
        text for place, text in found.texts if place.endswith("/th")
    }
    assert data.names[0] in headings(found)


def test_reasons_of_rejected_rows_come_from_the_lineage(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"stage": "clean", "kind": "clean-data", "content": "a" * 64, "rows": 150}
    entry |= {"rejected": 7, "rejected_by_reason": {"type": 5, "constraint <minimum>": 2}}
    monkeypatch.setattr(
        "reporting.sections.lineage.origin_of_artifact",
        lambda _artifact: ([], [entry | {"rows": 150}]),
    )
    stage.train(MadeData())
    reasons = [text for place, text in page(stage).texts if place.endswith("ol/li/ul/li")]

    assert reasons == ["type: 5", "constraint <minimum>: 2"]


def test_the_log_has_the_hint_about_a_rare_class_that_is_mostly_missed(
    stage: TrainStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "MAX_RARE_SHARE", 1.0)
    monkeypatch.setattr(notices, "MIN_RECALL", 1.1)

    stage.train(MadeData("binary"), LINEAR)

    printed = stage.printed()
    assert "price” mostly missed. This class is rare:" in printed
    assert "xa0" not in printed
    assert re.search(r"The label finds [0-9.]+ % of them", printed)
    assert 'Setting in [train]: threshold = {metric = "matthews_corrcoef"}' in printed
