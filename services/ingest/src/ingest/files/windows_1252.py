"""Whether bytes that are not UTF-8 are cp1252 text, or an encoding that must be set."""

import codecs
import re

from stage_contract import ContractError

from ingest.files.setting_errors import ReaderSettingError

_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]"
    rb"|(?:\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|[\xe1-\xec\xee\xef][\x80-\xbf])[\x80-\xbf]"
    rb"|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}"
)
"""A UTF-8 character outside ASCII."""
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_LONG_RUN = re.compile(rb"[\x80-\xff]{4,}")
"""Words in other alphabets; in languages of cp1252 most accented letters stand alone."""
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x19\x1c-\x1f]")
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_ASCII = bytes(range(128))
_MAX_UTF8_SHARE = 0.1
"""Maximum share of bytes outside ASCII that look like UTF-8 in cp1252, for example `ß“`."""


class Windows1252Detector:
    """Reads a file chunk by chunk; finds the first byte that is not UTF-8, and checks the rest."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._line = 1
        self._line_end = b"\n"
        self._non_ascii = self._in_sequences = self._in_long_runs = 0
        self._utf8_line: int | None = None
        self._undefined_byte: str | None = None
        self._control_byte: str | None = None
        self.reason: str | None = None
        """The line that is not UTF-8."""

    def add(self, chunk: bytes) -> None:
        """Add the next bytes of the file."""
        self._decode(chunk, final=False)

    def end(self) -> None:
        """Check the last bytes: an incomplete character is not UTF-8."""
        self._decode(b"", final=True)

    def check(self) -> None:
        """Raise a ContractError unless the file is text in cp1252."""
        if self._control_byte:
            raise self._error(f"and {self._control_byte} is not a text character; expected a text")
        if 2 * self._in_long_runs > self._non_ascii > 2 * self._in_sequences:
            raise self._setting_error(
                "and its words don't look like cp1252; ",
                remedy='set encoding in [ingest], for example encoding = "cp1251", "gbk" or'
                ' "shift_jis"',
                init_remedy="set ENCODING, for example ENCODING=cp1251, gbk or shift_jis",
            )
        if self._in_sequences > _MAX_UTF8_SHARE * self._non_ascii:
            raise self._setting_error(
                f"though line {self._utf8_line} is; expected one encoding, write the file again or"
                " set one",
                remedy=' in [ingest], for example encoding = "cp1252"',
                init_remedy=", for example ENCODING=cp1252",
            )
        if self._undefined_byte:
            raise self._setting_error(
                f"and {self._undefined_byte} has no meaning in cp1252; ",
                remedy='set encoding in [ingest], for example encoding = "cp1250"',
                init_remedy="set ENCODING, for example ENCODING=cp1250",
            )

    def _decode(self, chunk: bytes, *, final: bool) -> None:
        if self._line == 1 and b"\n" not in chunk:
            self._line_end = b"\r"
        if self.reason is not None:
            self._count_bytes(chunk)
        elif chunk.isascii() and not self._decoder.getstate()[0]:
            self._line += chunk.count(self._line_end)
        else:
            self._try_utf8(chunk, final=final)

    def _try_utf8(self, chunk: bytes, *, final: bool) -> None:
        known = self._decoder.getstate()[0] + chunk
        try:
            self._decoder.decode(chunk, final=final)
        except UnicodeDecodeError as error:
            before, after = error.object[: error.start], error.object[error.start :]
            self._count_utf8(before)
            self.reason = f"line {self._line} is not UTF-8 (byte 0x{after[0]:02x})"
            self._count_bytes(after)
        else:
            self._count_utf8(known[: len(known) - len(self._decoder.getstate()[0])])

    def _count_utf8(self, part: bytes) -> None:
        non_ascii = len(part.translate(None, delete=_ASCII))
        if non_ascii and self._utf8_line is None:
            self._utf8_line = self._line_of(part, _NON_ASCII)
        self._non_ascii += non_ascii
        self._in_sequences += non_ascii
        self._line += part.count(self._line_end)

    def _count_bytes(self, part: bytes) -> None:
        """Count the evidence for and against cp1252."""
        self._control_byte = self._control_byte or self._describe_byte(part, _CONTROL)
        if not part.isascii():
            sequences = sum(map(len, _SEQUENCE.findall(part)))
            if sequences and self._utf8_line is None:
                self._utf8_line = self._line_of(part, _SEQUENCE)
            self._in_sequences += sequences
            self._non_ascii += len(part.translate(None, delete=_ASCII))
            self._in_long_runs += sum(map(len, _LONG_RUN.findall(part)))
            self._undefined_byte = self._undefined_byte or self._describe_byte(part, _UNDEFINED)
        self._line += part.count(self._line_end)

    def _describe_byte(self, part: bytes, pattern: re.Pattern[bytes]) -> str | None:
        match = pattern.search(part)
        return match and f"byte 0x{match[0].hex()} in line {self._line_of(part, pattern)}"

    def _line_of(self, part: bytes, pattern: re.Pattern[bytes]) -> int:
        match = pattern.search(part)
        return self._line + part.count(self._line_end, 0, match.start() if match else 0)

    def _error(self, why: str) -> ContractError:
        return ContractError(f"{self._name}: {self.reason}, {why}")

    def _setting_error(self, why: str, *, remedy: str, init_remedy: str) -> ReaderSettingError:
        problem = f"{self._name}: {self.reason}, {why}"
        return ReaderSettingError(problem, remedy=remedy, init_remedy=init_remedy)
