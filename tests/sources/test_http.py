"""A real web server: downloads, its ETag, its password, and TLS that is checked."""

from typing import Any

from support.waiting import until

type Shop = Any
"""The fixture of conftest.py."""

WITH_LOGIN = '\ncredentials_file = "/run/secrets/source"'


def test_a_file_is_read_and_then_unchanged_by_its_etag(shop: Shop) -> None:
    first = shop.ingest('source = "http://shop/shop.csv"')
    assert first.exit_code == 0, first.output
    assert shop.rows() == [{"id": "1", "town": "Köln"}, {"id": "2", "town": "Bonn"}]

    again = shop.ingest('source = "http://shop/shop.csv"')

    assert "unchanged: raw-data" in again.output


def test_a_compressed_file_behind_a_password_is_read(shop: Shop) -> None:
    source = 'source = "http://shop/private/shop.csv.gz"'
    without = shop.ingest(source)
    assert without.exit_code == 69
    assert "answers 401; check the credentials in the file that credentials_file" in without.output

    assert shop.ingest(source + WITH_LOGIN).exit_code == 0
    assert shop.rows()[0] == {"id": "1", "town": "Köln"}


def test_a_redirect_on_the_same_server_keeps_the_password(shop: Shop) -> None:
    ran = shop.ingest(f'source = "http://shop/moved"{WITH_LOGIN}')

    assert ran.exit_code == 0, ran.output


def test_a_certificate_must_be_trusted(shop: Shop) -> None:
    ran = shop.ingest('source = "https://shop/shop.csv"')

    assert ran.exit_code == 69
    assert "https://shop/shop.csv: its certificate is not trusted (self-signed" in ran.output


def test_a_ca_of_ones_own_is_trusted_and_a_way_down_to_http_refused(shop: Shop) -> None:
    certificate = shop.ask("cat", "/etc/ssl/shop.pem")
    (shop.pipeline.folder / "pipelines/shop.pem").write_text(certificate, encoding="utf-8")
    trust = {"SSL_CERT_FILE": "/config/shop.pem"}

    trusted = shop.ingest('source = "https://shop/shop.csv"', **trust)
    down = shop.ingest('source = "https://shop/down"', **trust)

    assert trusted.exit_code == 0, trusted.output
    assert down.exit_code == 69
    assert "https://shop/down: redirects from https to http://shop" in down.output


def test_a_missing_file_is_told(shop: Shop) -> None:
    ran = shop.ingest('source = "http://shop/nothing.csv"')

    assert ran.exit_code == 69
    assert ran.last_line.endswith("http://shop/nothing.csv: answers 404; check the address")


def test_a_resident_ingest_asks_again_what_the_server_holds(shop: Shop) -> None:
    shop.hold("changing.csv", "id,town\n1,Ulm\n")
    shop.configure('source = "http://shop/changing.csv"\nrefresh = "1s"')
    with shop.watching() as container:

        def log() -> str:
            return str(container.logs().decode())

        def said(text: str) -> int:
            return log().count(text)

        until(lambda: said("unchanged: raw-data") >= 1, otherwise=log)
        shop.hold("changing.csv", "id,town\n1,Ulm\n2,Augsburg\n")
        until(lambda: said("published raw-data") == 2, otherwise=log)
        shop.ask("rm", "/srv/changing.csv")
        until(lambda: said("answers 404; check the address") == 1, otherwise=log)
        until(lambda: said("tries again in 5 s") == 1, otherwise=log)

    assert shop.rows() == [{"id": "1", "town": "Ulm"}, {"id": "2", "town": "Augsburg"}]
