"""What a client gets: predictions as JSON and CSV, health, the model, docs that work offline."""

import csv
import io
import re
from collections.abc import Iterator

import httpx
import pytest
from support.running import Pipeline


@pytest.fixture(scope="module")
def client(penguins: Pipeline) -> Iterator[httpx.Client]:
    with penguins.client() as client:
        yield client


PENGUIN = {
    "island": "Biscoe", "bill_length_mm": 48.4, "bill_depth_mm": 14.4,
    "flipper_length_mm": 203, "body_mass_g": 4625, "sex": "female", "year": 2009,
}  # fmt: skip


def test_a_class_comes_with_the_probability_of_each(client: httpx.Client) -> None:
    answer = client.post("/predict", json={"rows": [PENGUIN]}).json()

    (prediction,) = answer["predictions"]
    shares = prediction["probabilities"]
    assert prediction["species"] == "Gentoo" == max(shares, key=shares.get)
    assert sorted(shares) == ["Adelie", "Chinstrap", "Gentoo"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-6)


def test_every_answer_names_the_model_that_gave_it(
    client: httpx.Client, penguins: Pipeline
) -> None:
    answer = client.post("/predict", json={"rows": [PENGUIN]})

    assert answer.json()["model"] == penguins.latest("model").id


def test_missing_measures_are_answered_where_training_had_some(client: httpx.Client) -> None:
    absent = {"island": "Biscoe", "year": 2009}
    null = absent | dict.fromkeys(["sex", "body_mass_g"])

    answers = client.post("/predict", json={"rows": [absent, null]}).json()["predictions"]

    assert answers[0] == answers[1]


def test_csv_in_gives_csv_out_with_the_same_numbers(client: httpx.Client) -> None:
    table = io.StringIO()
    writer = csv.DictWriter(table, ["species", *PENGUIN], lineterminator="\n")
    writer.writeheader()
    writer.writerow(PENGUIN | {"species": "unknown yet"})

    answer = client.post("/predict", content=table.getvalue(), headers={"content-type": "text/csv"})

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    as_json = client.post("/predict", json={"rows": [PENGUIN]}).json()["predictions"][0]
    assert row["island"] == "Biscoe"
    assert {float(value) for name, value in row.items() if "Gentoo" in name} == {
        as_json["probabilities"]["Gentoo"]
    }


def test_health_says_live_and_ready(client: httpx.Client, penguins: Pipeline) -> None:
    assert client.get("/live").status_code == 200
    ready = client.get("/ready")
    assert ready.status_code == 200
    assert ready.json()["model"] == penguins.latest("model").id


def test_the_model_tells_its_lineage_to_the_source_file(
    client: httpx.Client, penguins: Pipeline
) -> None:
    model = client.get("/model").json()

    assert model["name"] == "penguins"
    assert model["metrics"]["balanced_accuracy"]["value"] > 0.9
    assert model["lineage"][0]["source"] == "penguins.csv"
    assert [entry["content"] for entry in model["lineage"][1:]] == [
        penguins.latest(kind).content for kind in ("raw-data", "clean-data", "feature-data")
    ]


def test_docs_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert page.status_code == 200
    assert links
    for link in links:
        assert not link.startswith(("http:", "https:", "//")), link
        assert client.get(link).status_code == 200


def test_the_schema_describes_every_column_and_its_example_works(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    operation = schema["paths"]["/predict"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    example = content.get("example") or next(iter(content["examples"].values()))["value"]

    assert set(PENGUIN) <= set(str(schema).replace("'", " ").split())
    assert client.post("/predict", json=example).status_code == 200
