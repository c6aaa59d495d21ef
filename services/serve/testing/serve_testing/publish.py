"""Publishes a model for other people's clients; runs in the tests' environment, which has onnx."""

import sys
from pathlib import Path

from serve_testing import made_models

name, volume = sys.argv[1:]
made_models.publish_model(Path(volume), getattr(made_models, name.upper()))
