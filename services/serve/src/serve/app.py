"""The application of one worker, wired together from the pipeline file and the environment."""

import os
from functools import partial
from pathlib import Path

from stage_contract import configure_logging, pipeline_path, read_pipeline, resolve

from serve.api import create_api
from serve.following import Follower
from serve.front import Front
from serve.models import load_model
from serve.settings import Settings


def create_app() -> Front:
    """Return what uvicorn calls for each request."""
    configure_logging("serve")
    pipeline = read_pipeline(pipeline_path())
    settings = resolve(Settings, pipeline, "serve")
    load = partial(load_model, name=pipeline.name, max_rows=settings.max_rows)
    volume = Path(os.environ.get("STAGE_IN", "/data/in"))
    follower = Follower(volume, load, poll_seconds=settings.poll_seconds)
    api = create_api(follower, name=pipeline.name, docs=settings.docs)
    return Front(api, follower, max_body_bytes=settings.max_body_bytes)
