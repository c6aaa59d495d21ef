"""`--watch`: whatever moves a pointer of the volume is logged, and a server may come later."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from conftest import EXAMPLES, SECONDS, Server, Volume, free_port


@contextmanager
def watching(volume: Volume, uri: str) -> Iterator[subprocess.Popen[str]]:
    environment = volume.environment(uri) | {
        "STAGE_SETTLE_SECONDS": "0.2",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    command = [sys.executable, "-m", "track", "--watch"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        give_up = threading.Timer(SECONDS, process.kill)
        give_up.start()
        yield process
        process.terminate()
        assert process.wait() == 0
        give_up.cancel()


def wait_for(text: str, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = ""
    while text not in said:
        line = process.stdout.readline()
        assert line, said
        said += line


def test_a_model_that_goes_live_is_logged_and_so_is_one_that_is_refused(
    volume: Volume, server: Server
) -> None:
    with watching(volume, server.url) as process:
        wait_for("no model was published yet", process)
        live = volume.add(EXAMPLES / "model")
        volume.point(live)
        wait_for(f"logged model {live}", process)
        wait_for("logged 1 of 1 models", process)

        refused = volume.add(EXAMPLES / "penguins/model")
        volume.judge(refused, {"accepted": False, "reasons": ["worse"]})
        (volume.path / "REFUSED").write_text(f"{refused}\n", encoding="utf-8")
        wait_for(f"logged model {refused}", process)


def test_a_model_that_is_published_while_an_older_one_is_pinned_is_logged(
    houses: Volume, server: Server
) -> None:
    (houses.path / "PINNED").write_text(f"{houses.ids[0]}\n", encoding="utf-8")
    with watching(houses, server.url) as process:
        wait_for("logged 1 of 1 models", process)
        published = houses.add(EXAMPLES / "penguins/model")
        wait_for(f"logged model {published}", process)


def test_a_server_that_is_not_there_is_tried_again(houses: Volume) -> None:
    with watching(houses, f"http://127.0.0.1:{free_port()}") as process:
        wait_for("nothing listens there", process)
        wait_for("tries again in 5 s", process)
