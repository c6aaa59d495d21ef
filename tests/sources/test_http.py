"""A real web server: downloads, its ETag, its password, and TLS that is checked."""

from typing import Any

from running import last_line

type Shop = Any
"""The fixture of conftest.py."""

WITH_LOGIN = '\ncredentials_file = "/run/secrets/source"'
TRUSTED = ("--env", "SSL_CERT_FILE=/config/shop.pem")


def test_a_file_is_read_and_then_unchanged_by_its_etag(shop: Shop) -> None:
    first = shop.ingest('source = "http://shop/shop.csv"')
    assert first.returncode == 0, first.stdout + first.stderr
    assert shop.rows() == [{"id": "1", "town": "Köln"}, {"id": "2", "town": "Bonn"}]

    again = shop.ingest('source = "http://shop/shop.csv"')

    assert "unchanged: raw-data" in again.stdout


def test_a_compressed_file_behind_a_password_is_read(shop: Shop) -> None:
    source = 'source = "http://shop/private/shop.csv.gz"'
    without = shop.ingest(source)
    assert without.returncode == 69
    assert "answers 401; check the credentials in the file that credentials_file" in without.stdout

    assert shop.ingest(source + WITH_LOGIN).returncode == 0
    assert shop.rows()[0] == {"id": "1", "town": "Köln"}


def test_a_redirect_on_the_same_server_keeps_the_password(shop: Shop) -> None:
    result = shop.ingest(f'source = "http://shop/moved"{WITH_LOGIN}')

    assert result.returncode == 0, result.stdout + result.stderr


def test_a_certificate_must_be_trusted(shop: Shop) -> None:
    result = shop.ingest('source = "https://shop/shop.csv"')

    assert result.returncode == 69
    assert "https://shop/shop.csv: its certificate is not trusted (self-signed" in result.stdout


def test_a_ca_of_ones_own_is_trusted_and_a_way_down_to_http_refused(shop: Shop) -> None:
    certificate = shop.pipeline.compose("exec", "--no-TTY", "shop", "cat", "/etc/ssl/shop.pem")
    (shop.pipeline.folder / "pipelines/shop.pem").write_text(certificate.stdout, encoding="utf-8")

    trusted = shop.ingest('source = "https://shop/shop.csv"', options=TRUSTED)
    down = shop.ingest('source = "https://shop/down"', options=TRUSTED)

    assert trusted.returncode == 0, trusted.stdout + trusted.stderr
    assert down.returncode == 69
    assert "https://shop/down: redirects from https to http://shop" in down.stdout


def test_a_missing_file_is_told(shop: Shop) -> None:
    result = shop.ingest('source = "http://shop/nothing.csv"')

    assert result.returncode == 69
    assert last_line(result).endswith("http://shop/nothing.csv: answers 404; check the address")
