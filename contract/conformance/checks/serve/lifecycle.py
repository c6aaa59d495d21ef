"""Serve: how it starts without a model, and how it ends."""

import time

import httpx

from conformance.harness.checking import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.inputs.tomls import with_key
from conformance.models.inputs import latest_of
from conformance.models.model_data import Model
from conformance.serving.half_sent import half_sent
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.rows import complete_examples
from conformance.serving.servers import Server, ready_server, started_server
from conformance.serving.shelf import shelf
from conformance.validity.outcomes import SETTINGS, check_refusal

_SECONDS = 15.0
_GRACE_SECONDS = 10.0
"""What compose.yaml gives it before it is killed."""
_DRAINING_SECONDS = 2.0
_LOOK_SECONDS = 0.05
_ENDED = {0, 143}


@http_check(
    "no-model",
    promise="without a model it is live, not ready, and answers 503; the first one goes live",
    oip=True,
)
def no_model(subject: Subject) -> None:
    example = latest_of(EXAMPLES / "model")
    is_oip = subject.api == "oip"
    live = "/v2/health/live" if is_oip else "/live"
    with shelf(subject) as shelf_, started_server(subject, source=shelf_.volume) as server:
        client = server.client(Model(example))
        server.until(
            lambda: server.status(live) == 200,
            seconds=_SECONDS,
            lacks=f"on an empty volume GET {live} is not 200",
            fix="start without a model, and wait for the first one",
        )
        asked = client.ask(
            [complete_examples(client.model)[0].row], protocol=protocols_of(subject)[0]
        )
        found = {server.ready_path: server.status(server.ready_path) or 0}
        found[asked.request.url.path] = asked.status_code
        for path, status in found.items():
            # Others' servers have codes of their own for it.
            if status < 400 or (status != 503 and not is_oip):
                raise Fault(
                    f"without a model {path} is {status}; expected 503",
                    "answer 503, and say what to run",
                )
        shelf_.publish(example.path)
        server.until(
            server.is_ready,
            seconds=_SECONDS,
            lacks=f"the first model was published and GET {server.ready_path} is not 200",
            fix="read LATEST every second, also if there was none at the start",
        )


@http_check(
    "drains",
    promise="SIGTERM ends it in time: new requests are refused, what is under way is answered",
    oip=True,
)
def drains(subject: Subject) -> None:
    with ready_server(subject, source=EXAMPLES / "model") as server:
        client = server.client(Model(latest_of(EXAMPLES / "model")))
        row = complete_examples(client.model)[0].row
        request = client.request([row], protocol=protocols_of(subject)[0])
        with half_sent(request, seconds=_GRACE_SECONDS) as under_way:
            began = time.monotonic()
            server.live.signal("SIGTERM")
            _wait_until_it_refuses(server)
            status = under_way.finish()
        run = server.live.finish(3 * _GRACE_SECONDS)
        took = time.monotonic() - began
    if status != 200:
        raise Fault(
            f"a request under way at SIGTERM got {status or 'no answer'}",
            "stop listening, answer requests that have begun, then exit",
        )
    if took > _GRACE_SECONDS or run.exit_code not in _ENDED:
        raise Fault(
            f"after SIGTERM it took {took:.1f} s and ended with {run.exit_code}",
            f"end within {_GRACE_SECONDS:.0f} s, with 0 or 143",
        )


def _wait_until_it_refuses(server: Server) -> None:
    """Wait briefly until a new request is refused; a request that hangs is a fault."""
    end = time.monotonic() + _DRAINING_SECONDS
    while time.monotonic() < end:
        try:
            httpx.get(server.http.base_url.join(server.ready_path), timeout=_DRAINING_SECONDS)
        except httpx.TimeoutException:
            raise Fault(
                f"a request after SIGTERM got neither an answer nor a refusal in"
                f" {_DRAINING_SECONDS:.0f} s",
                "close the listening sockets first, in every process that has them",
            ) from None
        except httpx.TransportError:
            return
        time.sleep(_LOOK_SECONDS)


@http_check("serve-settings", promise="an unknown key in [serve] ends it with 78", oip=True)
def serve_settings(subject: Subject) -> None:
    text = with_key(subject.settings, "serve", "colour_of_the_moon", 1)
    check_refusal(subject.run(settings=text), SETTINGS, names="colour_of_the_moon")
