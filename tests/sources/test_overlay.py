"""deploy/sources.yaml gives ingest a network and a secret, and nobody else anything."""

import json
from typing import Any

from conftest import MakePipeline

type Shop = Any
"""The fixture of conftest.py."""


def test_without_the_overlay_the_reason_is_its_name(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    pipeline.provide("none.csv", "")
    for source in ("https://shop.example/t.csv", "postgresql://shop.example/shop"):
        query = '\ntable = "t"' if source.startswith("postgresql") else ""
        pipeline.configure(f'[ingest]\nsource = "{source}"{query}\n')

        result = pipeline.compose("run", "--rm", "--no-deps", "--no-TTY", "ingest")

        assert result.returncode == 69
        assert f"{source}: this container has no network; give ingest one" in result.stdout
        assert (
            f"COMPOSE_FILE=compose.yaml:deploy/sources.yaml PIPELINE={pipeline.name} make up"
            in result.stdout
        )


def test_no_other_stage_has_a_network_or_the_secret(shop: Shop) -> None:
    config = json.loads(shop.pipeline.compose("config", "--format", "json").stdout)
    services = config["services"]

    assert list(services["ingest"]["networks"]) == ["sources"]
    assert services["ingest"]["read_only"] is True
    assert services["ingest"]["cap_drop"] == ["ALL"]
    for stage in ("clean", "features", "train"):
        assert services[stage]["network_mode"] == "none"
    assert [name for name in services if "secrets" in services[name]] == ["ingest"]
    assert [name for name in services if "sources" in services[name].get("networks", {})] == [
        "ingest",
        "shop",
    ]
