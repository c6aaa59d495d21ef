"""Problem documents: RFC 9457."""

from typing import Any

import httpx

from conformance.harness.faults import Fault

_PROBLEM = "application/problem+json"


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem document of an error."""
    where = f"{answer.request.method} {answer.request.url.path}"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    try:
        problem: dict[str, Any] = answer.json()
        is_problem = problem["status"] == answer.status_code and problem["title"]
        is_problem = is_problem and problem["detail"] and kind == _PROBLEM
    except (KeyError, TypeError, ValueError):
        is_problem = False
    if not is_problem:
        raise Fault(
            f"{where} returns {answer.status_code} with {kind or 'no content type'}: {answer.text}",
            f"answer {_PROBLEM} with type, title, status and detail (RFC 9457)",
        )
    return problem
