"""Publishes a made model for other tests; runs in the tests' environment, which has onnx."""

import json
import sys
from pathlib import Path

from serve_testing import made_models

name, volume, *changes = sys.argv[1:]
model = getattr(made_models, name.upper())
made_models.publish_model(Path(volume), model.but(**json.loads(changes[0] if changes else "{}")))
