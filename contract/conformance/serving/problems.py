"""Errors of each protocol: problem documents (RFC 9457), and those of the other two."""

from collections.abc import Sequence
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


OIP_ERROR = ("error",)
MLFLOW_ERROR = ("error_code", "message")
"""Members of an error, which are texts."""


def check_error(answer: httpx.Response, members: Sequence[str]) -> None:
    """Check that an error of a protocol has these members; it may have more."""
    try:
        error = answer.json()
        is_error = all(error[name] and isinstance(error[name], str) for name in members)
    except (KeyError, TypeError, ValueError):
        is_error = False
    if not is_error:
        form = ", ".join(f'"{name}": "…"' for name in members)
        raise Fault(
            f"{answer.request.method} {answer.request.url.path} returns {answer.status_code}"
            " without an error of its protocol",
            "see 'Wrong requests' in contract/reference/api.md",
            expected=f"{{{form}}}",
            found=answer.text,
        )
