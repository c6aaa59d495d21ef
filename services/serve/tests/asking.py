"""Asking the application of one worker, without a socket."""

import asyncio
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from serve.api import create_api
from serve.following import Follower
from serve.front import Front
from serve.models import load_model

JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}


class Worker:
    """One worker's application and what it follows."""

    def __init__(
        self,
        volume: Path,
        *,
        max_rows: int = 10_000,
        max_body_bytes: int = 100_000,
        docs: bool = True,
    ) -> None:
        load = partial(load_model, name="test", max_rows=max_rows)
        self.follower = Follower(volume, load, poll_seconds=1)
        api = create_api(self.follower, name="test", docs=docs)
        self.front = Front(api, self.follower, max_body_bytes=max_body_bytes)
        self.look()

    def look(self) -> None:
        """Look for another model, as is done every `poll_seconds`."""
        asyncio.run(self.follower.look())

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return the answer to one request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.front, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **request)

        return asyncio.run(ask())

    def predict(self, *rows: Any) -> httpx.Response:
        """Ask for the predictions of rows as JSON."""
        return self.ask("POST", "/predict", json={"rows": rows})

    def send(self, body: bytes | Iterable[bytes], headers: dict[str, str] = JSON) -> httpx.Response:
        """Send a body to /predict as it is."""

        async def chunks() -> Any:
            for chunk in body:
                yield chunk

        content = body if isinstance(body, bytes) else chunks()
        return self.ask("POST", "/predict", content=content, headers=headers)


def errors(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the listed errors of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    listed: list[dict[str, Any]] = answer.json()["errors"]
    return listed
