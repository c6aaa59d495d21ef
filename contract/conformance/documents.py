"""JSON documents of an artifact."""

import json
from pathlib import Path
from typing import Any

from conformance.faults import Fault


def read_json(path: Path) -> dict[str, Any]:
    """Return a document; that it is missing, or no JSON object, is a fault."""
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise Fault(f"there is no {path.name}", "write it into the artifact") from None
    except ValueError as error:
        raise Fault(f"{path.name} is no JSON: {error}", "write it with a JSON library") from None
    if not isinstance(document, dict):
        raise Fault(f"{path.name} is a {type(document).__name__}", "write a JSON object")
    return document
