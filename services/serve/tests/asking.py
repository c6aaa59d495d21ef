"""Asking the application of one worker, without a socket."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from serve.api.service import Service
from serve.api.worker_state import WorkerState
from serve.app import create_app
from serve.model.admission_process import Admitter, make_trials
from serve.model.trials import Verdict
from serve.runtime.shared_state import SharedState
from serve.settings import Settings

JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}


class Worker:
    """One worker's application and what it follows."""

    def __init__(
        self, volume: Path, *, worker_state: WorkerState | None = None, **settings: Any
    ) -> None:
        settings = {"max_body_bytes": 100_000, **settings}
        worker_state = worker_state or WorkerState(SharedState(1), 0)
        made = Settings.model_validate(settings)
        self.app = create_app()
        self.service = Service(worker_state, made, name="test", volume=volume)
        self.app.service = self.service
        self.trials = make_trials(volume, made, name="test")
        self.admitter = Admitter(
            worker_state.shared_state, volume, self._try_here, seconds=made.max_admission_seconds
        )
        self.watcher = self.service.watcher
        self.poll()

    def _try_here(self, name: str, live: str | None, *_how: object) -> Verdict | None:
        """Try a model in this process, which takes less time than another one."""
        return self.trials.try_here(name, live)

    def poll(self) -> None:
        """Look for another model, as is done every `poll_seconds`."""
        self.admitter.poll()
        asyncio.run(self.watcher.poll())

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return the answer to one request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
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
