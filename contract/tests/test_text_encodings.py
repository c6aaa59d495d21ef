"""Encodings of text files: every real one is known, and none takes long to decode."""

import codecs
import encodings
import pkgutil
import time
from encodings.aliases import aliases

import pytest
from stage_contract import text_encoding

NOT_OF_FILES = {
    *("punycode", "idna", "utf_7", "hz", "unicode_escape", "raw_unicode_escape"),
    *("charmap", "palmos", "undefined", "mbcs", "oem"),
}
NOT_OF_TEXTS = {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13"}
NOT_OF_TEXTS |= {"uu_codec", "zlib_codec", "aliases", "_win_cp_codecs"}
REFUSED = NOT_OF_FILES | NOT_OF_TEXTS
MODULES = {module.name for module in pkgutil.iter_modules(encodings.__path__)}
ACCEPTED = sorted(MODULES - REFUSED)
HOSTILE = (
    b"-99999b" + b"a" * 1_000_000,
    bytes(range(256)) * 4_000,
    bytes(range(0xA1, 0xF0)) * 13_000,
    b"\x1b$B\x1b(B" * 160_000,
)


@pytest.mark.parametrize("module", ACCEPTED)
def test_each_encoding_of_files_is_known_by_all_its_names(module: str) -> None:
    names = {module, module.upper(), module.replace("_", "-")}
    # An alias with capitals is one that Python itself can't find.
    names |= {alias for alias, of in aliases.items() if of == module and alias == alias.lower()}

    assert {text_encoding(name) for name in names} == {codecs.lookup(module).name}


@pytest.mark.parametrize(
    "name", sorted(REFUSED | {alias for alias, of in aliases.items() if of in REFUSED} | {"", "é"})
)
def test_what_no_text_file_is_written_in_is_unknown(name: str) -> None:
    with pytest.raises(LookupError, match=f"unknown encoding: {name}"):
        text_encoding(name)


@pytest.mark.parametrize("module", ACCEPTED)
def test_hostile_bytes_are_decoded_at_once(module: str) -> None:
    started = time.process_time()

    for content in HOSTILE:
        content.decode(module, errors="ignore")

    assert time.process_time() - started < 2


@pytest.mark.parametrize("module", ACCEPTED)
def test_nothing_decodes_to_a_lone_surrogate(module: str) -> None:
    pairs = b"".join(bytes([first, second]) for first in range(256) for second in range(256))

    pairs.decode(module, errors="ignore").encode()
    with pytest.raises(UnicodeError):
        "\ud800".encode(module, errors="surrogatepass").decode(module)


def test_python_does_not_remember_the_names_that_are_asked_for() -> None:
    text_encoding("cp1252")
    remembered = encodings._cache  # noqa: SLF001  # seen nowhere else
    before = len(remembered)

    for number in range(1, 100):
        text_encoding(f"windows{'-' * number}1252")
        with pytest.raises(LookupError):
            text_encoding(f"klingon{number}")

    assert len(remembered) == before
