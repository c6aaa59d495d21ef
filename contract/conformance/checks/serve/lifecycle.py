"""Checks of serve: start without a model, drain on SIGTERM, refuse a wrong setting."""

import time
from contextlib import ExitStack

import httpx

from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.inputs.pipeline_files import with_key
from conformance.models.model_data import Model
from conformance.serving.half_sent import half_sent
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.model_volume import writable_model_volume
from conformance.serving.rows import complete_examples
from conformance.serving.servers import Server, ready_server, started_server
from conformance.serving.watching_server import SWITCH_SECONDS
from conformance.validity.lineage import latest_artifact
from conformance.validity.outcomes import EXIT_SETTINGS, check_refusal

_GRACE_SECONDS = 10.0
"""Time between SIGTERM and SIGKILL: `stop_grace_period` in compose.yaml."""
_REFUSAL_WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.05
_PENDING_ROWS = (1, 1, 2_000)
"""Rows of the requests that are in progress when the server gets SIGTERM."""
_CLEAN_EXIT_CODES = {0, 143}


@http_check(
    "no-model",
    promise="without a model the server is live, not ready, and answers 503; the first model goes"
    " live",
    oip=True,
)
def no_model(subject: Subject) -> None:
    example = latest_artifact(EXAMPLES / "model")
    is_oip = subject.api == "oip"
    live_path = "/v2/health/live" if is_oip else "/live"
    with (
        writable_model_volume(subject) as model_volume,
        started_server(subject, source=model_volume.volume) as server,
    ):
        client = server.client(Model(example))
        server.wait_until(
            lambda: server.status(live_path) == 200,
            seconds=SWITCH_SECONDS,
            problem=f"on an empty volume, GET {live_path} does not answer 200",
            fix="start on an empty volume, and wait for the first model",
        )
        response = client.ask(
            [complete_examples(client.model)[0].row], protocol=protocols_of(subject)[0]
        )
        status_by_path = {server.ready_path: server.status(server.ready_path) or 0}
        status_by_path[response.request.url.path] = response.status_code
        for path, status in status_by_path.items():
            # Servers of the Open Inference Protocol may answer with another error status.
            if status < 400 or (status != 503 and not is_oip):
                raise Fault(
                    f"without a model, {path} answers {status}; expected 503",
                    "answer 503 until a model is live, and say how to publish one",
                )
        model_volume.publish(example.path)
        server.wait_until(
            server.is_ready,
            seconds=SWITCH_SECONDS,
            problem=f"a first model was published, but GET {server.ready_path} does not answer 200",
            fix="read LATEST every second, even if it did not exist at the start",
        )


@http_check(
    "drains",
    promise="SIGTERM ends the server in time: new requests do not hang, running ones are answered",
    oip=True,
)
def drains(subject: Subject) -> None:
    with ready_server(subject, source=EXAMPLES / "model") as server:
        client = server.client(Model(latest_artifact(EXAMPLES / "model")))
        row = complete_examples(client.model)[0].row
        protocol = protocols_of(subject)[0]
        with ExitStack() as stack:
            pending = [
                stack.enter_context(half_sent(request, seconds=_GRACE_SECONDS))
                for rows in _PENDING_ROWS
                for request in [client.request([row] * rows, protocol=protocol)]
            ]
            began = time.monotonic()
            server.container.signal("SIGTERM")
            _check_no_request_hangs(server)
            answers = [each.finish() for each in pending]
        run = server.container.finish(3 * _GRACE_SECONDS)
        took = time.monotonic() - began
    for status, rows in zip(answers, _PENDING_ROWS, strict=True):
        if status != 200:
            raise Fault(
                f"of {len(answers)} requests in progress at SIGTERM one with {rows:,} rows got"
                f" {status or 'no complete response'}; expected 200",
                "stop listening, answer requests that have begun, then exit",
            )
    if took > _GRACE_SECONDS or run.exit_code not in _CLEAN_EXIT_CODES:
        raise Fault(
            f"after SIGTERM the server took {took:.1f} s and exited with {run.exit_code}",
            f"exit within {_GRACE_SECONDS:.0f} s, with code 0 or 143",
        )


def _check_no_request_hangs(server: Server) -> None:
    """Send requests until one is refused, for a short time; the server may still answer them."""
    end = time.monotonic() + _REFUSAL_WAIT_SECONDS
    while time.monotonic() < end:
        try:
            httpx.get(server.http.base_url.join(server.ready_path), timeout=_REFUSAL_WAIT_SECONDS)
        except httpx.TimeoutException:
            raise Fault(
                "a new request after SIGTERM was neither answered nor refused within"
                f" {_REFUSAL_WAIT_SECONDS:.0f} s",
                "close the listening sockets first, in every process that has them",
            ) from None
        except httpx.TransportError:
            return
        time.sleep(_POLL_SECONDS)


@http_check(
    "serve-settings",
    promise="an unknown key in [serve], or a missing pipeline file, makes the server exit with 78",
    oip=True,
)
def serve_settings(subject: Subject) -> None:
    text = with_key(subject.settings, "serve", "no_such_setting", 1)
    check_refusal(subject.run(settings=text), EXIT_SETTINGS, names="no_such_setting")
    run = subject.run(environment={"PIPELINE": "not-there"})
    check_refusal(run, EXIT_SETTINGS, names="not-there")
