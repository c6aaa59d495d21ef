"""A worse model is refused and the live one serves on, a better one passes: as plain processes."""

import csv
import json
import random
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.local_stages import LocalPipeline, serving
from support.running import BATCH, KINDS, ROOT

SETTINGS = """\
source = "table.csv"
target = "price"

[features]
exclude = {exclude}

[train]
trials = 2
folds = 2
slices = ["colour"]
"""
ROWS = 500
COLUMNS = ("size", "colour", "price", "paid")
ROW = {"size": 100, "colour": "red", "paid": 8_000}


def configure(pipeline: LocalPipeline, *exclude: str, more: str = "") -> None:
    text = SETTINGS.format(exclude=json.dumps(["paid", *exclude]))
    pipeline.settings.write_text(text + more, encoding="utf-8")


def write_houses(pipeline: LocalPipeline, *, shuffled: bool = False) -> None:
    """Write houses whose price follows from size and colour, or whose prices are shuffled."""
    chance = random.Random(3)  # noqa: S311  # a table, no secret
    rows = [(chance.randint(20, 200), chance.choice(["red", "blue"])) for _ in range(ROWS)]
    prices = [
        30 * size + 2000 * (colour == "red") + chance.randint(0, 100) for size, colour in rows
    ]
    if shuffled:
        chance.shuffle(prices)
    with pipeline.source.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows((*row, price, 2 * price) for row, price in zip(rows, prices, strict=True))


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> LocalPipeline:
    """A pipeline that has run, with a good model that is live."""
    subprocess.run(
        [ROOT / "scripts/envs.sh", *(f"{stage}-tests" for stage in (*BATCH, "serve"))], check=True
    )
    pipeline = LocalPipeline(tmp_path_factory.mktemp("houses"))
    for folder in ("data", "pipelines", *(f"volumes/{kind}" for kind in KINDS)):
        (pipeline.root / folder).mkdir(parents=True)
    pipeline.packages.write_text("Package: libc6\nVersion: 2.41-12\n", encoding="utf-8")
    configure(pipeline)
    write_houses(pipeline)
    pipeline.run_all()
    return pipeline


@pytest.fixture(scope="module")
def api(houses: LocalPipeline) -> Iterator[httpx.Client]:
    with serving(houses) as client:
        yield client


def run(pipeline: LocalPipeline, *arguments: str) -> str:
    """Run the stages; return what train says. `arguments` are train's."""
    results = [pipeline.run(stage) for stage in BATCH[:-1]]
    results.append(pipeline.run("train", *arguments))
    assert [result.returncode for result in results] == [0] * len(BATCH), results
    return results[-1].stdout


def answering(api: httpx.Client) -> str:
    """Return the model that answers a request."""
    answer = api.post("/predict", json={"rows": [ROW]})
    assert answer.status_code == httpx.codes.OK, answer.text
    return str(answer.json()["model"])


def wait_for_model(api: httpx.Client, name: str) -> None:
    """Wait until a model answers; the server looks every second."""
    deadline = time.monotonic() + 30
    while (found := answering(api)) != name:
        assert time.monotonic() < deadline, f"{found} still answers, expected {name}"
        time.sleep(0.1)


def refused(pipeline: LocalPipeline) -> tuple[str, dict[str, Any]]:
    """Return the id and the verdict of what the last run left refused."""
    name = (pipeline.volume("train") / "REFUSED").read_text(encoding="utf-8").strip()
    return name, verdict_of(pipeline, name)


def verdict_of(pipeline: LocalPipeline, name: str) -> dict[str, Any]:
    path = pipeline.volume("train") / name / "verdict.json"
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


WEAK = """\
candidates = ["gradient-boosting"]

[train.hyperparameters.gradient-boosting]
max_iter = 1
"""
"""A model of a single tree."""


def test_shuffled_labels_and_a_weak_model_are_refused_and_what_is_accepted_or_better_goes_live(
    houses: LocalPipeline, api: httpx.Client
) -> None:
    good = houses.latest("train").id

    write_houses(houses, shuffled=True)
    said = run(houses)
    assert "may be no better than the" in said
    assert f"published, but refused: model {refused(houses)[0]}: r2" in said
    assert answering(api) == houses.latest("train").id == good
    again = run(houses)
    assert "refused as before" in again
    assert "works" not in again

    write_houses(houses)
    configure(houses, more=WEAK)
    said = run(houses)
    weak, verdict = refused(houses)
    (live,) = (check for check in verdict["checks"] if check["check"] == "live")
    assert (live["passed"], live["model"]) == (False, good)
    assert f"{good} stays live" in said
    assert answering(api) == houses.latest("train").id == good

    said = run(houses, "--accept", "it is small")
    assert "works" not in said
    wait_for_model(api, weak)
    told = api.get("/model").json()["verdict"]["override"]
    recorded = verdict_of(houses, weak)["override"]
    assert recorded["why"] == "it is small"
    assert told == {"when": recorded["when"]}

    configure(houses, more="seed = 1\n")
    said = run(houses)
    better = houses.latest("train").id
    assert f"that of the live model {weak} is" in said
    assert "better by" in said
    assert better not in (good, weak)
    wait_for_model(api, better)


def test_a_leak_is_named_with_a_remedy_that_the_gate_lets_pass(
    houses: LocalPipeline, api: httpx.Client
) -> None:
    text = houses.settings.read_text(encoding="utf-8").replace('"paid"', "")
    houses.settings.write_text(text, encoding="utf-8")

    said = run(houses)

    assert "warning: column 'paid' alone explains 100.0 % of 'price' on held-out rows" in said
    assert 'add "paid" to exclude in [features]' in said
    leaky = houses.latest("train").id

    configure(houses, more="seed = 2\n")
    said = run(houses)

    honest = houses.latest("train").id
    assert honest != leaky
    assert f"not compared with the live model {leaky}: its column 'paid' says the target" in said
    assert 'features.exclude [] → ["paid"]' in said
    wait_for_model(api, honest)
