"""What goes wrong is one line with the remedy, the code of a stage, and no secret."""

import errno
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import ROOT, Volume, free_port
from mlflow.exceptions import MlflowException
from stage_contract import OutputError
from track.folder import check_writable
from track.server import told
from track.settings import Settings, read_settings

SECRET = "s3cret-token"  # noqa: S105  # a made-up one, to look for


class Strict(BaseHTTPRequestHandler):
    """Refuses everybody, and remembers whom."""

    seen: list[str | None]

    def do_GET(self) -> None:
        self.seen.append(self.headers["Authorization"])
        self.send_response(401)
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815  # the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def strict() -> Iterator[tuple[str, list[str | None]]]:
    """The address of a server that wants other credentials, and what it was sent."""
    seen: list[str | None] = []
    handler = type("Handler", (Strict,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()


def test_a_server_that_is_not_there_is_69(houses: Volume) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    ended = houses.track(url, MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")

    assert ended.returncode == 69
    assert ended.stdout == (
        f"track     error: {url}: nothing listens there; start it, or fix MLFLOW_TRACKING_URI:"
        " from a container this machine is host.docker.internal\n"
    )
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("line", "sent"),
    [(f"Bearer {SECRET}", f"Bearer {SECRET}"), (f"ann:{SECRET}", "Basic YW5uOnMzY3JldC10b2tlbg==")],
)
def test_credentials_are_sent_and_shown_nowhere(
    houses: Volume, strict: tuple[str, list[str | None]], tmp_path: Path, line: str, sent: str
) -> None:
    url, seen = strict
    (tmp_path / "credentials").write_text(f"{line}\n", encoding="utf-8")

    ended = houses.track(url, TRACKING_CREDENTIALS=str(tmp_path / "credentials"))

    assert ended.returncode == 69
    assert f"{url}: refuses these credentials; name a file" in ended.stdout
    assert set(seen) == {sent}
    assert SECRET not in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("", "MLFLOW_TRACKING_URI is not set; expected http://…"),
        (f"http://ann:{SECRET}@host", "holds a user, or no http://; name a file"),
        (f"http://ann:[{SECRET}@host:5000", "holds a user, or no http://; name a file"),
        (f"ann:{SECRET}@mlflow.example:5000", "holds a user, or no http://; name a file"),
        ("databricks://profile", "databricks:// is unknown; expected http://…"),
        ("http://", "names no host"),
    ],
)
def test_a_wrong_address_is_78(houses: Volume, uri: str, said: str) -> None:
    ended = houses.track(uri)

    assert ended.returncode == 78
    assert said in ended.stdout
    assert SECRET not in ended.stdout


def test_the_script_makes_no_folder_of_an_address_with_a_password(tmp_path: Path) -> None:
    script = ROOT / "scripts/tracking.sh"
    functions = 'die() { code=$1; shift; echo "$*"; exit "$code"; }; docker() { env; }'

    ended = subprocess.run(
        ["sh", "-euc", f"{functions}; . {script}; build_tracking"],
        env=os.environ | {"MLFLOW_TRACKING_URI": f"ann:{SECRET}@mlflow.example:5000"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 78
    assert "holds a user, or no http://; name a file with user:password in" in ended.stdout
    assert SECRET not in ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("uri", ["sqlite:////home/ann@corp/mlflow.db", "/home/ann@corp"])
def test_a_path_with_an_at_sign_holds_no_login(houses: Volume, uri: str) -> None:
    environment = {"STAGE_CONFIG": str(houses.path.parent), "PIPELINE": houses.pipeline}

    settings = read_settings(environment | {"MLFLOW_TRACKING_URI": uri})

    assert settings.folder == Path("/home/ann@corp")


@pytest.mark.parametrize("line", ["token-alone", "Bearer a b", "ann:a\nben:b"])
def test_a_file_that_holds_no_credentials_is_78(houses: Volume, tmp_path: Path, line: str) -> None:
    (tmp_path / "credentials").write_text(line, encoding="utf-8")

    ended = houses.track("http://host", TRACKING_CREDENTIALS=str(tmp_path / "credentials"))

    assert ended.returncode == 78
    assert "expected one line: user:password, or Bearer token" in ended.stdout
    assert line not in ended.stdout


def test_a_name_that_mlflow_does_not_take_is_78(houses: Volume) -> None:
    path = houses.path.parent / f"{houses.pipeline}.toml"
    path.write_text('name = "a/b"\n', encoding="utf-8")

    ended = houses.track("http://host")

    assert ended.returncode == 78
    assert "name = 'a/b': MLflow takes no / or :" in ended.stdout


def test_a_folder_is_a_database_with_artifacts_beside_it(houses: Volume, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()

    ended = houses.track(str(tmp_path / "runs"))

    assert ended.returncode == 0, ended.stdout
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["artifacts", "mlflow.db"]
    assert len(list((tmp_path / "runs").glob("artifacts/*/models/*/artifacts/MLmodel"))) == 1
    assert "unchanged" in houses.track(f"sqlite:///{tmp_path}/runs/mlflow.db").stdout


def test_a_folder_that_is_not_there_is_73(houses: Volume, tmp_path: Path) -> None:
    ended = houses.track(str(tmp_path / "none"))

    assert ended.returncode == 73
    assert f"{tmp_path}/none: no folder that uid" in ended.stdout


def test_a_place_deep_in_the_folder_that_cannot_be_written_is_73(
    houses: Volume, tmp_path: Path
) -> None:
    (tmp_path / "runs").mkdir()
    # In the way of a folder for whoever writes, root included.
    (tmp_path / "runs/artifacts").touch()

    ended = houses.track(str(tmp_path / "runs"))

    assert ended.returncode == 73, ended.stdout
    said = ended.stdout.splitlines()[-1]
    assert said.startswith(f"track     error: {tmp_path}/runs/artifacts/")
    closed = tmp_path / "runs/artifacts"
    assert said.endswith(f"; on the host: chmod a+rwX '{closed}', or free space there")


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (PermissionError(errno.EACCES, "no", "/runs/artifacts/a"), "/runs/artifacts/a"),
        (OSError(errno.ENOSPC, "no", "/data/in/m", None, "/runs/artifacts/a"), "/runs/artifacts/a"),
        (OSError(errno.ENOSPC, "no"), "/runs"),
        (shutil.Error([("/data/in/a", "/runs/artifacts/a", "no")]), "/runs"),
        (MlflowException("attempt to write a readonly database"), "/runs"),
    ],
)
def test_what_cannot_be_written_to_a_folder_is_named(error: Exception, place: str) -> None:
    with (
        pytest.raises(OutputError, match=f"^{place}: can't be written"),
        told(Settings("sqlite:////runs/mlflow.db", "houses")),
    ):
        raise error


def test_only_what_track_writes_to_has_to_be_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mlflow.db", "notes"):
        (tmp_path / name).touch()
    forbidden = {tmp_path / "notes"}
    # root may write everywhere
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) not in forbidden)
    check_writable(tmp_path / "mlflow.db")
    forbidden.add(tmp_path / "mlflow.db")

    with pytest.raises(OutputError, match=rf"^{tmp_path}/mlflow\.db: can't be written by uid"):
        check_writable(tmp_path / "mlflow.db")


@pytest.mark.parametrize("address", ["sqlite:////runs/mlflow.db", "http://host"])
def test_the_trouble_of_reading_the_model_volume_stays_its_own(address: str) -> None:
    with pytest.raises(PermissionError), told(Settings(address, "houses")):
        raise PermissionError(errno.EACCES, "no", "/data/in/m/model.json")
