"""MLflow's scoring-server client, unchanged, and requests as in its docs."""

from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from conftest import Server
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

STONES = pd.DataFrame(
    {"carat": [0.23, 1.0], "cut": ["Ideal", "Good"], "depth": [61.5, np.nan]}, index=[5, 6]
)
PRICES = [322.0, 1020.5]


def client_of(server: Server) -> ScoringServerClient:
    return ScoringServerClient("127.0.0.1", server.port)


def test_the_server_is_ready_and_has_a_version(diamonds: Server) -> None:
    client = client_of(diamonds)

    client.ping()
    client.wait_server_ready(timeout=5)
    assert client.get_version()


def test_a_data_frame_is_scored(diamonds: Server) -> None:
    answer = client_of(diamonds).invoke(STONES)

    assert answer["predictions"] == PRICES
    assert answer.get_predictions("ndarray", np.float32).tolist() == PRICES
    assert answer.get_predictions().shape == (2, 1)


def test_records_are_scored(diamonds: Server) -> None:
    records = STONES.to_dict(orient="records")

    assert client_of(diamonds).invoke(records)["predictions"] == PRICES


def test_moments_and_days_are_scored(flights: Server) -> None:
    hours = ["2013-01-01T05:00:00Z", "2013-07-01T05:00:00Z"]
    table = pd.DataFrame({"hour": pd.to_datetime(hours), "holiday": [True, None], "number": [7, 8]})

    answer = client_of(flights).invoke(table)["predictions"]

    rows = [{"hour": hours[0], "holiday": True, "number": 7}, {"hour": hours[1], "number": 8}]
    assert answer == [each["late"] for each in flights.predict(*rows)] == [True, False]


def test_labels_and_probabilities_are_scored(penguins: Server) -> None:
    table = pd.DataFrame({"island": ["Biscoe", "Dream"]})
    params = {"pyfunc_predict_fn": "predict_proba"}

    labels = client_of(penguins).invoke(table)
    probabilities = client_of(penguins).invoke(table, params=params)

    expected: Any = penguins.predict({"island": "Biscoe"}, {"island": "Dream"})
    assert labels["predictions"] == [each["species"] for each in expected]
    assert probabilities["predictions"] == [[*each["probabilities"].values()] for each in expected]


def test_what_is_wrong_is_in_the_clients_exception(diamonds: Server) -> None:
    with pytest.raises(Exception, match=r"did you mean cut\?"):
        client_of(diamonds).invoke(STONES.rename(columns={"cut": "cot"}))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ({"dataframe_split": STONES.to_dict(orient="split")}, "application/json"),
        ({"dataframe_records": STONES.to_dict(orient="records")}, "application/json"),
        (
            {"instances": STONES.fillna(0).to_dict(orient="records")},
            "application/json; charset=utf-8",
        ),
        ({"inputs": STONES.fillna(0).to_dict(orient="list")}, "application/json"),
        (STONES.to_csv(), "text/csv"),
        (STONES.to_csv(index=False), "text/csv"),
    ],
)
def test_requests_of_mlflows_docs_are_answered(
    diamonds: Server, body: Any, content_type: str
) -> None:
    text = body if isinstance(body, str) else pd.io.json.ujson_dumps(body)

    answer = httpx.post(
        f"{diamonds.url}/invocations", content=text, headers={"content-type": content_type}
    )

    assert (answer.status_code, answer.json()) == (200, {"predictions": PRICES})
