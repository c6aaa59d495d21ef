"""Sends requests to a server, and compares its answers with scikit-learn or the graph."""

import http.client
import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Self

from bench.serve.forms import Columns, Rows
from bench.serve.servers import PORT, Server

BATCH = 100
_CHECKED = 200
_TOLERANCE = 1e-6
_TIMEOUT_SECONDS = 10
_FINAL = {
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_CONTENT,
}
"""Statuses that a retry will not change; a peer that is starting may respond with 400 or 404."""


class AnswerError(Exception):
    """The server did not answer, or answered incorrectly."""


class RefusedError(AnswerError):
    """The server does not support requests of this form."""


@dataclass(frozen=True)
class Material:
    """The rows of requests, and the expected answers."""

    rows: Rows
    columns: Columns
    expected: dict[str, list[float]]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the output of `material.py`."""
        rows, columns, expected = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            for name in ("rows", "columns", "expected")
        )
        return cls(rows, Columns(**columns), expected)

    def batches(self, size: int) -> list[Rows]:
        """Return all rows in requests of one size."""
        return [self.rows[start : start + size] for start in range(0, len(self.rows), size)]


def check(server: Server, material: Material) -> float | None:
    """Return the largest difference from the expected answers; None if any answer is accepted.

    Raises:
        AnswerError: An answer is wrong or missing.
    """
    if server.answers is None:
        return None
    expected = material.expected[server.answers]
    singles = material.batches(1)[:_CHECKED]
    got = [each for row in singles for each in predict(server, row, material.columns)]
    got += predict(server, material.batches(BATCH)[0], material.columns)
    pairs = zip(got, [*expected[:_CHECKED], *expected[:BATCH]], strict=True)
    difference = max(abs(answer - right) for answer, right in pairs)
    # The negated form also fails for NaN.
    if not difference <= _TOLERANCE:
        raise AnswerError(f"off by {difference:.3g}, at most {_TOLERANCE:g} expected")
    return difference


def predict(server: Server, rows: Rows, columns: Columns) -> list[float]:
    """Return the predicted probabilities of a server.

    Raises:
        RefusedError: It does not support the request.
        AnswerError: Its status is not 200.
    """
    path, body = server.form.path, server.form.body(rows, columns)
    headers = {"Content-Type": body.media_type, **dict(body.headers)}
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", path, body.content, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise AnswerError(f"{path}: {error!r}") from error
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        is_final = answer.status in _FINAL or (
            answer.status == HTTPStatus.NOT_FOUND and server.kind == "ours"
        )
        reason = content[:300].decode(errors="replace")
        raise (RefusedError if is_final else AnswerError)(f"{path}: {answer.status} {reason}")
    return server.form.read(content, {key.lower(): text for key, text in answer.getheaders()})
