"""How a running serve differs from what the files say: whatever Compose knows of it is noticed."""

import json
import os
import re
import subprocess
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from serving.differences import InspectedService, differences
from serving.inspection import lost_mounts
from support.running import ROOT

FILES = f"{ROOT / 'compose.yaml'}:{ROOT / 'deploy/keys.yaml'}"
WATCH = f"{ROOT / 'compose.yaml'}:{ROOT / 'deploy/watch.yaml'}"
OF_STAGES = {
    "STAGE_MEMORY": "8g",
    "SETTLE_SECONDS": "5",
    "DATA": "/elsewhere",
    "PIPELINES": "/elsewhere",
    "LOG_FORMAT": "json",
    "TAG": "1.0",
}
"""Another value for each variable that decides how ingest stays."""
CHANGES = {
    "BIND": "0.0.0.0",
    "PORT": "8001",
    "SERVE_MEMORY": "1g",
    "PIPELINE": "penguins",
    "PIPELINES": "/elsewhere",
    "LOG_FORMAT": "json",
    "REGISTRY": "registry.example/me",
    "TAG": "1.0",
    "API_KEYS": "/elsewhere/keys",
}
"""Another value for each variable that decides how serve runs."""
WITH_KEYS = {"api_keys_file": "/run/secrets/api-keys"}
NOT_OF_THE_CONTAINER = {"PULL_POLICY", "PYTHON_IMAGE", "DATA", "RESULTS", "STAGE_MEMORY"}
"""When an image is pulled, what it is built from, and what only the stages have."""
IMAGE = {"Id": "sha256:" + "a" * 64, "RepoTags": ["stagecoach/serve:dev"]}
OLD: dict[str, Any] = {
    **IMAGE,
    "Config": {"Env": ["A=1"], "Labels": {"com.docker.compose.project": "one"}},
    "RootFS": {"Layers": ["sha256:1"]},
}


def config(service: str = "serve", files: str = FILES, **variables: str) -> dict[str, Any]:
    """Return what Compose makes of the files; needs no engine."""
    changed = {*CHANGES, *OF_STAGES}
    plain = {key: value for key, value in os.environ.items() if key not in changed}
    shown = subprocess.run(
        ["docker", "compose", "config", "--format", "json", service],
        cwd=ROOT,
        env=plain | {"COMPOSE_PROJECT_NAME": "one", "COMPOSE_FILE": files} | variables,
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


def container_of(config: dict[str, Any], name: str = "serve") -> dict[str, Any]:
    """Return what Docker would say of a container that was made from a configuration."""
    service = config["services"][name]
    mounts = [
        {
            "Type": mount["type"],
            "Destination": mount["target"],
            "Source": mount["source"],
            **(
                {"Name": config["volumes"][mount["source"]]["name"]}
                if mount["type"] == "volume"
                else {}
            ),
        }
        for mount in service["volumes"]
    ]
    secrets = [
        {"Type": "bind", "Destination": f"/run/secrets/{name}", "Source": secret["file"]}
        for name, secret in config.get("secrets", {}).items()
    ]
    bindings = {
        f"{port['target']}/tcp": [{"HostIp": port["host_ip"], "HostPort": port["published"]}]
        for port in service.get("ports", ())
    }
    return {
        "Image": IMAGE["Id"],
        "Config": {
            "Image": service["image"],
            "Env": [f"{key}={value}" for key, value in service["environment"].items()],
        },
        "HostConfig": {
            "Memory": int(service["mem_limit"]),
            "NetworkMode": service["network_mode"],
            "PortBindings": bindings,
        },
        "Mounts": [
            *mounts,
            *secrets,
            {"Type": "volume", "Destination": "/of/the/image", "Source": "", "Name": "b" * 64},
        ],
    }


@pytest.fixture(scope="module")
def found() -> InspectedService:
    """A serve that is as the files say."""
    as_shipped = config()
    return InspectedService(container_of(as_shipped), as_shipped, images=[OLD])


def test_a_serve_that_is_as_the_files_say_may_stay(found: InspectedService) -> None:
    assert differences(found) == []


@pytest.mark.parametrize("variable", CHANGES)
def test_another_value_of_a_variable_is_noticed(found: InspectedService, variable: str) -> None:
    changed = replace(found, config=config(**{variable: CHANGES[variable]}))

    lines = differences(changed)

    assert any("→" in line for line in lines), lines
    assert CHANGES[variable].removesuffix("1g") in "".join(lines)


@pytest.mark.parametrize("variable", OF_STAGES)
def test_another_value_of_a_variable_is_noticed_of_a_stage_that_stays(variable: str) -> None:
    as_shipped = config("ingest", WATCH)
    found = InspectedService(container_of(as_shipped, "ingest"), as_shipped, service="ingest")
    changed = config("ingest", WATCH, **{variable: OF_STAGES[variable]})

    assert differences(found) == []
    assert differences(replace(found, config=changed))


def test_every_variable_of_the_compose_files_is_one_of_these() -> None:
    text = "".join(
        (ROOT / name).read_text("utf-8") for name in ("compose.yaml", "deploy/keys.yaml")
    )

    assert set(re.findall(r"\$\{(\w+)", text)) == set(CHANGES) | NOT_OF_THE_CONTAINER


def test_a_dollar_in_a_value_is_one_dollar() -> None:
    wanted = config(LOG_FORMAT="a$b")
    now = container_of(wanted)
    now["Config"]["Env"] = [entry.replace("$$", "$") for entry in now["Config"]["Env"]]

    assert differences(InspectedService(now, wanted)) == []


def test_another_image_of_the_same_name_is_noticed_unless_only_its_labels_differ(
    found: InspectedService,
) -> None:
    rebuilt = deepcopy(OLD) | {"Id": "sha256:" + "c" * 64}
    rebuilt["Config"]["Labels"]["com.docker.compose.project"] = "two"
    newer = deepcopy(rebuilt)
    newer["RootFS"]["Layers"] = ["sha256:2"]
    old = OLD | {"RepoTags": []}

    assert differences(replace(found, images=[old, rebuilt], recreates=True)) == []
    assert differences(replace(found, images=[old, newer], recreates=True)) == [
        "image stagecoach/serve:dev aaaaaaaaaaaa → cccccccccccc"
    ]


def test_what_only_compose_sees_is_noticed(found: InspectedService) -> None:
    [line] = differences(replace(found, recreates=True))

    assert line.startswith("compose.yaml or an override")


def test_settings_keys_a_name_and_lost_mounts_are_noticed(found: InspectedService) -> None:
    lines = differences(
        replace(
            found,
            settings={"docs": True, "max_rows": 10_000},
            wanted={"docs": True, "max_rows": 5},
            names=("tiny", "small"),
            unknown_keys=2,
            lost_mounts=["/run/secrets/api-keys"],
        )
    )

    assert lines == [
        "mount /run/secrets/api-keys: replaced on the host since the start",
        "serve.max_rows 10000 → 5",
        "name tiny → small",
        "keys of the API key file that serve has not loaded: 2",
    ]


@pytest.mark.parametrize(("settings", "wanted"), [(WITH_KEYS, None), (None, WITH_KEYS)])
def test_keys_that_were_removed_from_a_replaced_file_are_said_to_be_valid(
    found: InspectedService, settings: dict[str, str] | None, wanted: dict[str, str] | None
) -> None:
    lost = ["/run/secrets/api-keys", "/config"]

    lines = differences(replace(found, lost_mounts=lost, settings=settings, wanted=wanted))

    replaced = "replaced on the host since the start"
    valid = "keys that were removed are still valid until make deploy-serve"
    assert lines == [
        f"mount /run/secrets/api-keys: {replaced}; {valid}",
        f"mount /config: {replaced}",
    ]


def test_a_serve_that_does_not_tell_its_settings_is_not_taken_for_another_one(
    found: InspectedService,
) -> None:
    assert differences(replace(found, settings=None, wanted={"docs": False})) == []


def test_a_mount_whose_file_was_replaced_is_told_from_the_others() -> None:
    mountinfo = (
        "97 78 254:0 /srv/pipelines /config ro,relatime - ext4 /dev/vda rw\n"
        "98 78 254:0 /srv/keys//deleted /run/secrets/api-keys ro,relatime - ext4 /dev/vda rw\n"
    )

    assert lost_mounts(mountinfo) == ["/run/secrets/api-keys"]
