"""Serve: it admits no model with fields that the contract does not allow."""

import json
import random
from collections.abc import Mapping
from typing import Any

from conformance.checks.serve.model_watching import check_refused
from conformance.checks.serve.vectors import VECTORS
from conformance.harness.subject import Subject
from conformance.serving.http_checks import http_check
from conformance.serving.made_models import model_with_field, other_model
from conformance.serving.watching_server import watching_server

FIELDS: Mapping[str, int] = {"all": 5, "oip": 1}
"""Number of fields to try beside one with an unknown key, by what a server offers.

Each takes a second, or three if the server can't say that it refuses a model.
"""


@http_check(
    "wrong-fields",
    promise="a model with a field of vectors/fields-refused-1.1.json is not served; the old one is",
    oip=True,
)
def wrong_fields(subject: Subject) -> None:
    with watching_server(subject, other_model) as watching:
        kinds: dict[str, str] = {}
        for vector in chosen_fields(subject.seed, FIELDS[subject.api]):
            artifact = model_with_field(subject.scratch(), vector["field"])
            field = json.dumps(vector["field"], ensure_ascii=False)
            kinds[artifact.name] = f"{vector['about']}, as in the field {field}"
            watching.model_volume.publish(artifact)
            check_refused(watching, artifact.name, kinds, subject)


def chosen_fields(seed: int, count: int) -> list[Mapping[str, Any]]:
    """Return the vector of an unknown key, and a random sample of the others."""
    unknown, *others = json.loads((VECTORS / "fields-refused-1.1.json").read_bytes())
    generator = random.Random(f"{seed} fields")  # noqa: S311  # no secret
    return [unknown, *generator.sample(others, count)]
