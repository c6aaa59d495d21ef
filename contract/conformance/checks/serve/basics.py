"""Serve: health, what it shows of its model, its docs and its metrics."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.serving.clients import Client, json_of
from conformance.serving.echo_models import echo_model
from conformance.serving.http_checks import http_check
from conformance.serving.servers import example_clients, ready_client, ready_path_of, shared_client
from conformance.serving.switching import served

_OPEN_METRICS = "application/openmetrics-text"
_METRICS_TYPES = {"text/plain", _OPEN_METRICS}
_ENDINGS: Mapping[str, Sequence[str]] = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
}
"""What the names of samples end with, by the type of their family."""
_UNOBSERVED: Sequence[Mapping[str, Any]] = (
    {"field": {"type": "string", "constraints": {"required": True}}, "value": "green"},
    {"field": {"type": "number", "constraints": {"required": True, "maximum": 1}}, "value": 0.5},
    {"field": {"type": "integer", "constraints": {"minimum": 3}}, "value": 3},
)
"""Columns of a model that has no observed value of any column, as of private ones."""


@http_check(
    "server",
    promise="it serves the model volume on port 8000: hardened, unprivileged, in 512 MB",
    oip=True,
)
def server(subject: Subject) -> None:
    for example in ("model", "penguins/model"):
        client = shared_client(subject, example)
        answer = client.http.get(ready_path_of(subject))
        if answer.status_code != 200:
            raise Fault(
                f"GET {ready_path_of(subject)} was 200, and now is {answer.status_code}:"
                f" {answer.text}",
                "stay ready once a model is live",
            )


@http_check("health", promise="/live is 200, /ready is 200 and names the live model")
def health(subject: Subject) -> None:
    for client in example_clients(subject):
        if (status := client.http.get("/live").status_code) != 200:
            raise Fault(f"GET /live returns {status}", "answer 200 as long as the process runs")
        found = json_of(client.http.get("/ready")).get("model")
        if found != (expected := client.model.artifact.manifest["id"]):
            raise Fault(
                f"GET /ready says model {found!r}; LATEST names {expected}",
                'answer {"model": id}, the id of the artifact that answers requests',
            )


@http_check(
    "model-route", promise="/model shows signature, metrics and the lineage of the manifest"
)
def model_route(subject: Subject) -> None:
    for client in example_clients(subject):
        facts, document = json_of(client.http.get("/model")), client.model.document
        manifest = client.model.artifact.manifest
        expected = {
            "id": manifest["id"],
            "name": client.name,
            "content": manifest["content"],
            "lineage": manifest["lineage"],
            "metrics": document["metrics"],
            "classes": document["classes"],
        }
        for key, value in expected.items():
            if facts.get(key) != value:
                raise Fault(
                    f"GET /model: {key} is not what the artifact says",
                    "return the values of manifest.json and model.json",
                    expected=value,
                    found=facts.get(key),
                )
        names = [field["name"] for field in facts.get("signature", {}).get("fields", [])]
        if names != [field["name"] for field in client.model.fields]:
            raise Fault(
                f"GET /model: signature.fields has {names}",
                "return the signature of model.json",
            )


@http_check("prometheus", promise="/metrics is Prometheus' text format")
def prometheus(subject: Subject) -> None:
    client = ready_client(subject)
    answer = client.http.get("/metrics")
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _METRICS_TYPES:
        raise Fault(
            "GET /metrics has a media type that Prometheus does not scrape",
            "use the content type of a Prometheus library",
            expected="text/plain; version=0.0.4, or application/openmetrics-text",
            found=answer.headers.get("content-type"),
        )
    parse: Any = parse_openmetrics if media_type == _OPEN_METRICS else parse_prometheus
    try:
        samples = [sample for family in parse(answer.text) for sample in family.samples]
    except ValueError as error:
        raise Fault(f"GET /metrics can't be parsed: {error}", "use a Prometheus library") from None
    if answer.status_code != 200 or not samples:
        raise Fault(
            f"GET /metrics returns {answer.status_code} with {len(samples)} samples",
            "at least count requests",
        )
    check_types(answer.text)


def check_types(text: str) -> None:
    """Check that the type of each family comes before its samples, which have no type otherwise."""
    sampled: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            if late := sampled & {name, *(f"{name}{end}" for end in _ENDINGS.get(kind, ()))}:
                raise Fault(
                    f"GET /metrics has samples of {min(late)} before the line '{line}'",
                    "write a family's HELP and TYPE once, before its samples",
                )
        elif line.strip() and not line.startswith("#"):
            sampled.add(re.split(r"[{\s]", line, maxsplit=1)[0])


@http_check(
    "docs",
    promise="/docs needs no internet, /openapi.json has a /predict whose example works",
)
def docs(subject: Subject) -> None:
    for client in example_clients(subject):
        _check_page(client)
        check_example(client)
    model = echo_model(_UNOBSERVED, timezone="UTC")
    with served(subject, model.publish(subject.scratch())) as client:
        check_example(client)


def check_example(client: Client) -> None:
    """Check that the request that /openapi.json shows is answered."""
    schema = json_of(client.http.get("/openapi.json"))
    try:
        body = schema["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
        shown = body.get("example") or next(iter(body["examples"].values()))["value"]
    except (KeyError, StopIteration, TypeError) as error:
        raise Fault(
            f"GET /openapi.json shows no example for POST /predict ({error!r})",
            "give its JSON body an example made of a real row, as in examples.jsonl",
        ) from None
    answer = client.http.post("/predict", json=shown)
    if answer.status_code != 200:
        raise Fault(
            f"the example of /openapi.json is answered with {answer.status_code}: {answer.text}",
            "show a row that the model takes; make one up for columns without an observed value",
            row=shown,
        )


def _check_page(client: Client) -> None:
    page = client.http.get("/docs")
    if page.status_code != 200:
        raise Fault(f"GET /docs is {page.status_code}", "serve docs, with their assets")
    for link in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        is_elsewhere = link.startswith(("http:", "https:", "//"))
        if is_elsewhere or client.http.get(link).status_code != 200:
            raise Fault(
                f"/docs loads {link}, which is {'elsewhere' if is_elsewhere else 'not there'}",
                "put the assets into the image: who reads the docs may have no internet",
            )
