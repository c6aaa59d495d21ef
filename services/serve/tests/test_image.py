"""What is in the image, and what it keeps to itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[1]
BANNED = {"scikit-learn", "pandas", "pyarrow", "joblib", "cloudpickle", "skops", "onnx"}


def test_the_lock_has_no_library_that_trains_or_unpickles() -> None:
    lock = (SERVICE / "requirements.lock").read_text()
    names = set(re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE))

    assert "onnxruntime" in names
    assert not names & BANNED


@pytest.mark.parametrize("module", ["serve.model.graph.session", "serve.app"])
def test_onnx_runtime_is_told_to_report_to_nobody_before_it_is_loaded(module: str) -> None:
    code = (
        "import os, sys; found = []\n"
        "class Watch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime': found.append(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        f"sys.meta_path.insert(0, Watch()); import {module}; print(found)"
    )
    paths = [str(SERVICE / "src"), str(SERVICE.parents[1] / "contract/src")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    del environment["ORT_DISABLE_TELEMETRY"]

    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert ended.stdout == "['1']\n"


def test_what_only_the_page_needs_is_not_loaded_before_somebody_opens_it() -> None:
    code = "import serve.app, sys; print('jinja2' in sys.modules)"
    paths = [str(SERVICE / "src"), str(SERVICE.parents[1] / "contract/src")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}

    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert ended.stdout == "False\n"
