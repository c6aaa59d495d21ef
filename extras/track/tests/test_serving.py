"""`mlflow models serve` on what was logged: the API's numbers, for columns by their names."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from conftest import EXAMPLES, SECONDS, Server, Volume, free_port, running, wait_until_well


@pytest.fixture(params=["model", "penguins/model"], ids=["houses", "penguins"])
def logged(volume: Volume, server: Server, request: pytest.FixtureRequest) -> Volume:
    volume.point(volume.add(EXAMPLES / request.param))
    volume.log(server)
    return volume


@pytest.fixture
def invocations(logged: Volume, server: Server, tmp_path: Path) -> Iterator[str]:
    """The address of MLflow's scoring server of the live model, out of the registry."""
    port = free_port()
    model = f"models:/{logged.pipeline}@live"
    command = ["models", "serve", "--model-uri", model, "--env-manager", "local"]
    with running([*command, "--port", f"{port}"], tmp_path, MLFLOW_TRACKING_URI=server.url):
        url = f"http://127.0.0.1:{port}"
        wait_until_well(f"{url}/ping")
        yield f"{url}/invocations"


def test_mlflow_answers_with_the_expected_numbers(logged: Volume, invocations: str) -> None:
    (model_id,) = logged.ids
    document, examples = logged.document(model_id), logged.examples(model_id)
    types = {field["name"]: field["type"] for field in document["signature"]["fields"]}
    records = [
        {name: as_sent(example["row"].get(name), kind) for name, kind in types.items()}
        for example in examples
    ]

    answer = requests.post(invocations, json={"dataframe_records": records}, timeout=SECONDS)

    predictions = answer.json()["predictions"]
    expected = np.array([example["expected"] for example in examples], np.float32)
    target, classes = document["target"]["name"], document["classes"]
    if classes is None:
        assert np.array_equal([each[target] for each in predictions], expected)
        return
    for place, label in enumerate(classes):
        shares = np.array([each[f"probability_{label}"] for each in predictions], np.float32)
        assert np.array_equal(shares, expected[:, place])
    found = [each[target] for each in predictions]
    assert found == [classes[place] for place in expected.argmax(axis=1)]


def as_sent(value: Any, kind: str) -> Any:
    """Return a cell as MLflow's callers have to send it: times as seconds since 1970."""
    if value is None or kind not in ("date", "datetime"):
        return value
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
