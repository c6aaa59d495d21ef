"""What the pages tell a reader to type does what they say."""

import json
import re
import subprocess

import pytest
from support.running import ROOT, Pipeline

GUIDE = (ROOT / "docs/containers.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LEFT_OUT = (
    "-it ",
    "docker compose down",
    "docker compose build",
    "docker image ls",
    "docker history",
)
"""What needs a terminal, ends the pipeline, or names images of another tag than the tests'."""


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if not any(part in line for part in LEFT_OUT)]


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_guide_works_or_fails_as_it_says(line: str, diamonds: Pipeline) -> None:
    command, _, comment = line.partition("   # ")
    command = command.replace("127.0.0.1:8000", f"127.0.0.1:{diamonds.port}")

    result = subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env=diamonds.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    output = result.stdout + result.stderr
    if "Read-only file system" in comment or "Error" in comment:
        assert result.returncode != 0
        assert comment.strip() in output
    else:
        assert result.returncode == 0, output


def test_the_request_in_the_readme_gives_its_answer(diamonds: Pipeline) -> None:
    request, answer = re.search(
        r"--json '(.+?)'\n```\n\n```json\n(.+?)\n```", README, re.DOTALL
    ).groups()  # type: ignore[union-attr]  # no match fails the test

    with diamonds.client() as client:
        given = client.post("/predict", json=json.loads(request)).json()

    said = json.loads(answer)["predictions"][0]["price"]
    assert given["predictions"][0]["price"] == pytest.approx(said, rel=0.01)
