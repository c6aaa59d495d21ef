"""Client of a running serve: its live model, its settings, a prediction."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from stage_contract import Artifact, SettingsError, StageError, read_pipeline

from serving.oip import oip_request
from serving.sample_row import sample_row

URL = "http://127.0.0.1:8000"
"""The address of serve inside its own network."""

WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.25
_TIMEOUT_SECONDS = 10.0
_INVALID_ROW = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_SETTING = re.compile(
    r'^stagecoach_setting_info\{setting="(\w+)",value="((?:[^"\\]|\\.)*)"\} ', re.MULTILINE
)


class ServeError(StageError):
    """serve does not answer as expected."""


@dataclass(frozen=True)
class Response:
    """The response to a request; status 0 if there was none."""

    status: int
    text: str

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body; empty if the body is anything else."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Readiness:
    """The live model of serve, and the model that it refuses."""

    model: str | None = None
    refused: dict[str, Any] | None = None
    reason: str = ""
    """The reason if there is no model."""


@dataclass(frozen=True)
class Serve:
    """A running serve, the pipeline's name, and its API keys."""

    name: str
    keys: Sequence[str] = ()
    url: str = URL

    def ask(self, path: str, body: str | None = None, *, key: str | None = None) -> Response:
        """Send a request with a key, by default the first one."""
        headers = {"content-type": "application/json"} if body is not None else {}
        key = key or next(iter(self.keys), None)
        if key:
            headers["x-api-key"] = key
        data = None if body is None else body.encode()
        request = Request(f"{self.url}{path}", data, headers)  # noqa: S310  # always http
        try:
            with urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310  # as above
                return Response(response.status, response.read().decode(errors="replace"))
        except HTTPError as error:
            return Response(error.code, error.read().decode(errors="replace"))
        except (URLError, OSError) as error:
            return Response(0, str(getattr(error, "reason", error)))

    def has_only_oip(self) -> bool:
        """Return whether serve is another server, with only the Open Inference Protocol."""
        return self.ask("/ready").status == HTTPStatus.NOT_FOUND

    def readiness(self) -> Readiness:
        """Return which model is live and which one was refused."""
        response = self.ask("/ready")
        if response.status == HTTPStatus.NOT_FOUND:
            versions = self.ask(f"/v2/models/{self.name}").json().get("versions") or [None]
            return Readiness(model=versions[0])
        document = response.json()
        if response.status == HTTPStatus.OK:
            refused = document.get("refused")
            return Readiness(document.get("model"), refused if isinstance(refused, dict) else None)
        reason = document.get("detail") or response.text[:200] or f"{response.status}"
        return Readiness(reason=reason)

    def known_name(self) -> str | None:
        """Return the pipeline's name that it started with; None if unknown."""
        name = self.ask("/ready").json().get("name")
        return name if isinstance(name, str) else None

    def settings(self) -> dict[str, Any] | None:
        """Return the settings that it started with; None if unknown."""
        response = self.ask("/metrics")
        found = {
            key: json.loads(_unescape(value)) for key, value in _SETTING.findall(response.text)
        }
        return found if response.status == HTTPStatus.OK and found else None

    def unknown_keys(self) -> int:
        """Return how many keys of the file it does not accept."""
        responses = [self.ask("/model", key=key) for key in self.keys]
        return sum(response.status == HTTPStatus.UNAUTHORIZED for response in responses)

    def wait_for(self, model: str) -> None:
        """Wait until a model is live.

        Raises:
            ServeError: it is refused, or not live in time.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while (ready := self.readiness()).model != model:
            refused = ready.refused or {}
            if refused.get("id") == model:
                raise ServeError(
                    f"serve refuses model {model} and keeps answering with {ready.model}:"
                    f" {refused.get('reason')}"
                )
            if time.monotonic() > deadline:
                now = f"it answers with {ready.model}" if ready.model else ready.reason
                raise ServeError(f"serve does not answer with model {model}: {now}")
            time.sleep(_POLL_SECONDS)

    def predict(self, model: Artifact) -> tuple[str, str, str]:
        """Request a prediction for the model's first example; return path, body and response.

        Required private columns get placeholders. If serve refuses a placeholder, for example
        by a pattern, its refusal is returned as the response.

        Raises:
            ServeError: it refuses any other row, or another model answers.
        """
        row, placeholders = sample_row(model)
        if self.has_only_oip():
            path, body = f"/v2/models/{self.name}/infer", json.dumps(oip_request(model, row))
        else:
            path, body = "/predict", json.dumps({"rows": [row]})
        response = self.ask(path, body)
        if placeholders and response.status in _INVALID_ROW:
            names = ", ".join(placeholders)
            return path, body, f"placeholders for {names} are refused: {response.text}"
        if response.status != HTTPStatus.OK:
            raise ServeError(f"serve refused {path} with {response.status}: {response.text}")
        answered = response.json()
        # The Open Inference Protocol leaves it to the server whether it names the version.
        made_by = answered.get("model" if path == "/predict" else "model_version", model.id)
        if made_by != model.id:
            raise ServeError(f"model {made_by} answered {path}, expected model {model.id}")
        return path, body, response.text

    def shows_page(self) -> bool:
        """Return whether there is a page at /; no other server has one."""
        return bool((self.settings() or {}).get("page"))

    def shows_docs(self) -> bool:
        """Return whether /docs is open without a key."""
        return Serve(self.name, url=self.url).ask("/docs").status == HTTPStatus.OK


def open_serve(pipeline: Path) -> Serve:
    """Return the serve of a pipeline file, with the keys that the file names.

    An invalid file gives no keys; `serve --check` reports the error.
    """
    try:
        settings = read_pipeline(pipeline)
    except SettingsError:
        return Serve(pipeline.stem)
    keys_file = settings.table("serve").get("api_keys_file")
    keys = _read_keys(Path(keys_file)) if isinstance(keys_file, str) else []
    return Serve(settings.name, keys)


def _read_keys(path: Path) -> list[str]:
    """Return the keys of a file; empty if it is invalid, which serve itself reports."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = map(str.strip, content.decode(encoding, errors="replace").splitlines())
    return [line for line in lines if line and line.isascii() and not line.startswith("#")]


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text)
