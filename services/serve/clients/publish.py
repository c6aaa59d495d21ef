"""Publishes a model of the unit tests; runs in their environment, which has onnx."""

import sys
from pathlib import Path

SERVE = Path(__file__).parents[1]
sys.path[:0] = [str(SERVE / "tests"), str(SERVE.parents[1] / "contract/src")]

import made_models  # noqa: E402  # the line above says where it is

name, volume = sys.argv[1:]
made_models.publish_model(Path(volume), getattr(made_models, name.upper()))
