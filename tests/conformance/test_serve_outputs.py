"""The checks of what a prediction says find wrong digits, reports, quantiles and explanations."""

import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from conformance.checks.serve import outputs
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.model_data import Example
from support.answering import SUBJECT, client_of


@pytest.mark.parametrize("found", [0.00012, 0.0, math.nan])
def test_a_small_prediction_with_fewer_digits_is_found(found: float) -> None:
    example = Example({"size": 1.0}, 0.000123456)
    model = cast(Any, SimpleNamespace(examples=[example]))
    outputs.check_digits(model, {"predict": [0.0001234561], "CSV": [0.0001234559]})

    with pytest.raises(Fault, match="a prediction by CSV has lost digits"):
        outputs.check_digits(model, {"predict": [0.000123456], "CSV": [found]})


@pytest.fixture
def report_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let /report answer with a policy."""
    (tmp_path / "report.html").write_bytes(b"<p>report")

    def serve(policy: str) -> None:
        headers = {"content-security-policy": policy}
        client = client_of(lambda _: httpx.Response(200, content=b"<p>report", headers=headers))
        model = SimpleNamespace(artifact=SimpleNamespace(path=tmp_path))
        client = replace(client, model=cast(Any, model))
        monkeypatch.setattr(outputs, "ready_client", lambda _subject: client)

    return serve


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'none'; style-src 'unsafe-inline'",
        "Default-Src 'none'; script-src 'none'; script-src-elem 'none';",
    ],
)
def test_a_policy_that_forbids_scripts_is_right(
    policy: str, report_with: Callable[[str], None]
) -> None:
    report_with(policy)

    outputs.report_page(SUBJECT)


@pytest.mark.parametrize(
    "policy",
    ["", "script-src 'none'", "default-src 'none' a.example", "default-src 'none'; script-src a"],
)
def test_a_policy_that_may_allow_scripts_is_found(
    policy: str, report_with: Callable[[str], None]
) -> None:
    report_with(policy)

    with pytest.raises(Fault, match="has the Content-Security-Policy"):
        outputs.report_page(SUBJECT)


def quantile_server(
    *, levels: Mapping[str, float] | None, price: float = 2.0, columns: Mapping[str, float] | None
) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server that answers with these quantiles, and these columns of a CSV table."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["content-type"].startswith("text/csv"):
            given = {"size": 1.0, "predicted_price": price, **(columns or {})}
            lines = (",".join(map(str, each)) for each in (given.keys(), given.values()))
            return httpx.Response(200, text="\n".join([*lines, ""]))
        more = {} if levels is None else {"quantiles": levels}
        predictions = [{"price": price, **more}]
        return httpx.Response(200, json={"model": "0" * 16, "predictions": predictions})

    return answer


def check_quantiles(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], httpx.Response]
) -> None:
    client = client_of(answer)
    monkeypatch.setattr(outputs, "served", lambda *_args, **_more: nullcontext(client))
    monkeypatch.setattr(outputs, "quantile_model", lambda folder: folder)
    subject = SimpleNamespace(api="all", scratch=Path)
    outputs.quantile(cast(Subject, subject))


RIGHT_LEVELS = {"0.1": -498.0, "0.5": 2.0, "0.75": 252.0}


RIGHT_COLUMNS = {f"predicted_price_quantile_{level}": at for level, at in RIGHT_LEVELS.items()}


@pytest.mark.parametrize(
    ("levels", "columns"), [(RIGHT_LEVELS, RIGHT_COLUMNS), (None, None)], ids=["all", "none"]
)
def test_a_server_may_give_quantiles_or_leave_them_out(
    monkeypatch: pytest.MonkeyPatch,
    levels: Mapping[str, float] | None,
    columns: Mapping[str, float] | None,
) -> None:
    check_quantiles(monkeypatch, quantile_server(levels=levels, columns=columns))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"levels": RIGHT_LEVELS | {"0.75": 251.0}}, "POST /predict differs from"),
        ({"levels": dict(reversed(RIGHT_LEVELS.items()))}, "POST /predict differs from"),
        ({"levels": {"0.1": -498.0, "0.5": 2.0}}, "POST /predict differs from"),
        ({"levels": RIGHT_LEVELS, "price": 3.0}, "POST /predict differs from"),
        ({"columns": None}, "with CSV gives other numbers"),
        (
            {"columns": RIGHT_COLUMNS | {"predicted_price_quantile_0.1": 2.0}},
            "with CSV gives other numbers",
        ),
    ],
)
def test_quantiles_that_differ_from_the_graph_are_found(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], fault: str
) -> None:
    server = quantile_server(**{"levels": RIGHT_LEVELS, "columns": RIGHT_COLUMNS} | given)

    with pytest.raises(Fault, match=fault):
        check_quantiles(monkeypatch, server)


def explaining(**changes: Any) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server that explains a price of 2 by the size, with changes of its explanation."""
    plain = {"model": "0123456789abcdef", "predictions": [{"price": 2.0}]}
    explanation = {"base_value": 0.5, "contributions": {"size": 1.5}} | changes

    def answer(request: httpx.Request) -> httpx.Response:
        more = {"explanations": [explanation]} if request.url.query else {}
        return httpx.Response(200, json=plain | more)

    return answer


def test_an_explanation_that_adds_up_is_right() -> None:
    outputs.check_explanation(client_of(explaining()), {"size": 1.0})
    private = explaining(base_value=0.25, private_columns=0.25)
    outputs.check_explanation(client_of(private), {"size": 1.0})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_value": 0.50001}, "do not add up"),
        ({"contributions": {"size": 1.4}}, "do not add up"),
        ({"contributions": {"other": 1.5}}, "contributions of other columns"),
        ({"contributions": {"size": 1.5, "secret": 0}}, "contributions of other columns"),
        ({"contributions": None}, "answers"),
        ({"base_value": None}, "answers"),
    ],
)
def test_a_wrong_explanation_is_found(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(Fault, match=message):
        outputs.check_explanation(client_of(explaining(**changes)), {"size": 1.0})


def test_a_server_that_ignores_explain_is_skipped() -> None:
    plain = {"model": "0123456789abcdef", "predictions": [{"price": 2.0}]}

    client = client_of(lambda _: httpx.Response(200, json=plain))
    with pytest.raises(Skipped, match="ignores explain"):
        outputs.check_explanation(client, {"size": 1.0})


def test_explained_predictions_that_differ_are_found() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        price = 3.0 if request.url.query else 2.0
        explanations = [{"base_value": 0.5, "contributions": {"size": price - 0.5}}]
        document = {"predictions": [{"price": price}], "explanations": explanations}
        return httpx.Response(200, json=document)

    with pytest.raises(Fault, match="something else than without"):
        outputs.check_explanation(client_of(answer), {"size": 1.0})
