"""The docs as readers use them: what they say can be tried where it stands."""

import json

from support.browsing import Visit
from support.running import Pipeline


def test_a_prediction_can_be_asked_for_in_the_docs(diamonds: Pipeline, visit: Visit) -> None:
    visited = visit(f"{diamonds.url}/docs")
    predict = visited.page.locator("#operations-predict-predict")
    predict.locator(".opblock-summary-control").click()
    # "Try it out" is on from the start, with a real row to send.
    predict.get_by_role("button", name="Execute").click()
    answer = predict.locator(".live-responses-table .response")
    body = json.loads(answer.locator("code.language-json").inner_text())

    assert answer.locator(".response-col_status").inner_text() == "200"
    assert body["model"] == diamonds.latest("model").id
    assert [*body["predictions"][0]] == ["price"]
    assert visited.requests[-1] == f"{diamonds.url}/predict"
    assert visited.complaints == []
