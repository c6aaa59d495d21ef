"""Schemathesis asks whatever /openapi.json allows, and what it does not allow.

By hand, with as many cases as one likes: `python tests/test_schemathesis.py URL 20000`.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, publish_model
from serve_testing.processes import running, until

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
)
"""Not `positive_data_acceptance`: some rules of a row can't be said in JSON Schema."""
CASES = 20
"""Of each operation and phase."""


def ask_everything(url: str, *, cases: int) -> subprocess.CompletedProcess[str]:
    """Run Schemathesis against a server on this machine."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json"]
    options = [f"--checks={','.join(CHECKS)}", "--warnings=off", "--continue-on-failure"]
    bounds = [f"--max-examples={cases}", "--seed=1", "--phases=examples,coverage,fuzzing"]
    with tempfile.TemporaryDirectory() as folder:  # It keeps what failed where it runs.
        return subprocess.run(
            [*command, *options, *bounds], cwd=folder, capture_output=True, text=True, check=False
        )


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS, FLIGHTS])
def test_no_request_breaks_the_description(tmp_path: Path, model: MadeModel) -> None:
    publish_model(tmp_path / "volume", model)
    with running(tmp_path, "workers = 1") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        ended = ask_everything(f"http://127.0.0.1:{server.port}", cases=CASES)

    assert ended.returncode == 0, ended.stdout[-5000:]


if __name__ == "__main__":
    ran = ask_everything(sys.argv[1], cases=int(sys.argv[2]))
    sys.stdout.write(ran.stdout)
    sys.exit(ran.returncode)
