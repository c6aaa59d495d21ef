"""The page: its document, its parts and its assets."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import sleep

import pytest
from asking import Worker
from serve.api.page import routes
from serve.api.page.overview import Overview
from serve.api.page.rendering import render_sections
from serve.api.page.responses import Renderings
from serve.api.page.static_files import ASSETS
from serve_testing.made_models import DIAMONDS, publish_model

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
MAX_ASSET_BYTES = 100_000
"""Maximum size of all assets together, compressed."""
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
NAMES = [path.name for path in sorted(ASSETS.iterdir())]


def test_the_page_shows_the_live_model_without_scripts(diamonds: Worker) -> None:
    answer = diamonds.ask("GET", "/")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>price</h1>" in answer.text
    assert DIAMONDS.id in answer.text
    for view in ("overview", "try", "score", "live"):
        assert f'<section id="{view}"' in answer.text


def test_the_page_loads_only_assets_that_exist(diamonds: Worker) -> None:
    addresses = re.findall(r'(?:href|src)="([^"#]+)"', diamonds.ask("GET", "/").text)

    assert addresses
    for address in addresses:
        assert "//" not in address
        assert diamonds.ask("GET", f"/{address}").status_code == 200


def test_without_a_model_the_page_says_what_to_do(tmp_path: Path) -> None:
    assert (
        "no model was published yet; `make up` trains one" in Worker(tmp_path).ask("GET", "/").text
    )


@pytest.mark.parametrize("path", ["/", "/page/overview", *(f"/page/assets/{n}" for n in NAMES)])
def test_each_part_of_the_page_has_a_strict_policy(diamonds: Worker, path: str) -> None:
    answer = diamonds.ask("GET", path)

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert "no-cache" in answer.headers["cache-control"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


@pytest.mark.parametrize("path", ["/", "/page/overview", "/page/assets/page.js"])
def test_a_client_that_has_the_content_gets_304(diamonds: Worker, path: str) -> None:
    tag = diamonds.ask("GET", path).headers["etag"]

    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        answer = diamonds.ask("GET", path, headers={"if-none-match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert diamonds.ask("GET", path, headers={"if-none-match": '"other"'}).status_code == 200


def test_the_overview_has_another_tag_after_a_swap(diamonds: Worker, tmp_path: Path) -> None:
    tags = []
    for model in (DIAMONDS, DIAMONDS.but(id="b" * 16)):
        publish_model(tmp_path, model)
        diamonds.poll()
        tags.append(diamonds.ask("GET", "/page/overview").headers["etag"])

    assert tags[0] != tags[1]


def test_the_overview_has_another_tag_without_the_docs(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    answers = [Worker(tmp_path, docs=docs).ask("GET", "/page/overview") for docs in (True, False)]

    assert len({answer.headers["etag"] for answer in answers}) == 2


@pytest.mark.parametrize(
    "path", ["/", "/page/overview", "/page/form", "/page/live", "/report", "/openapi.json"]
)
def test_a_shared_cache_keeps_nothing_of_what_may_need_a_key(tmp_path: Path, path: str) -> None:
    publish_model(tmp_path / "model", DIAMONDS.but(report="<p>report</p>"))
    keys = tmp_path / "keys"
    keys.write_text("k" * 32)
    worker = Worker(tmp_path / "model", api_keys_file=keys)
    answer = worker.ask("GET", path, headers={"x-api-key": "k" * 32})
    tag = answer.headers.get("etag", "none")
    again = worker.ask("GET", path, headers={"x-api-key": "k" * 32, "if-none-match": tag})

    assert answer.status_code == 200
    assert answer.headers["cache-control"] in {"private, no-cache", "no-store"}
    assert again.headers["cache-control"] == answer.headers["cache-control"]


@pytest.mark.parametrize("folder", ["page/assets", "docs/assets"])
def test_an_asset_is_tagged_by_its_content(diamonds: Worker, folder: str) -> None:
    answer = diamonds.ask("GET", f"/{folder}/docs.js")
    tag = f'"{hashlib.sha256((ASSETS / "docs.js").read_bytes()).hexdigest()[:32]}"'
    again = diamonds.ask("GET", f"/{folder}/docs.js", headers={"if-none-match": tag})

    assert (answer.headers["etag"], answer.headers["cache-control"]) == (tag, "no-cache")
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", NAMES)
def test_an_asset_has_its_media_type(diamonds: Worker, name: str) -> None:
    answer = diamonds.ask("GET", f"/page/assets/{name}")

    assert answer.headers["content-type"] == MEDIA_TYPES[Path(name).suffix]
    assert answer.content == (ASSETS / name).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_an_asset_names_no_other_host(name: str) -> None:
    text = (ASSETS / name).read_text()

    assert re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text.replace("http://www.w3.org/", "")) == []


def test_the_assets_are_small() -> None:
    assert sum(len(gzip.compress((ASSETS / name).read_bytes())) for name in NAMES) < MAX_ASSET_BYTES


@pytest.mark.parametrize("path", ["/page/assets/", "/page/assets/../page.html", "/page/nothing"])
def test_what_is_no_part_of_the_page_is_not_found(diamonds: Worker, path: str) -> None:
    assert diamonds.ask("GET", path).status_code == 404


def test_without_the_page_there_is_no_part_of_it(tmp_path: Path) -> None:
    worker = Worker(tmp_path, page=False)

    for path in ("/page/overview", "/page/assets/page.js"):
        assert worker.ask("GET", path).status_code == 404


def test_the_description_of_the_api_does_not_list_the_page(diamonds: Worker) -> None:
    paths = diamonds.ask("GET", "/openapi.json").json()["paths"]

    assert [path for path in paths if path == "/" or path.startswith("/page")] == []


def test_many_requests_at_once_render_one_page(
    diamonds: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = []

    def render_slowly(overview: Overview) -> Mapping[str, str]:
        rendered.append(overview)
        sleep(0.05)  # so that the other requests come meanwhile
        return render_sections(overview)

    monkeypatch.setattr(routes, "render_sections", render_slowly)
    with ThreadPoolExecutor(8) as clients:
        answers = [*clients.map(lambda _: diamonds.ask("GET", "/").text, range(8))]

    assert len(rendered) == 1
    assert len(set(answers)) == 1


def test_the_last_renderings_are_kept() -> None:
    renderings = Renderings(max_kept=2)
    made: list[str] = []

    def ask(key: str) -> str:
        def make() -> str:
            made.append(key)
            return key.upper()

        return renderings.get(key, make)

    assert [*map(ask, "abacab")] == [*"ABACAB"]
    assert made == [*"abcb"]
