"""Encodings of text files: those of Python that decode in linear time."""

import codecs
import encodings
import re
from encodings.aliases import aliases

_MODULES = re.compile(
    "utf_8(_sig)?|utf_(16|32)(_[bl]e)?|ascii|latin_1|iso8859_[0-9]{1,2}|cp[0-9]{3,4}"
    "|mac_(arabic|croatian|cyrillic|farsi|greek|iceland|latin2|roman|romanian|turkish)"
    "|koi8_[rtu]|kz1048|ptcp154|tis_620|hp_roman8|big5(hkscs)?|gb2312|gbk|gb18030|johab"
    "|shift_jis(x0213|_2004)?|euc_(jp|jis_2004|jisx0213|kr)|iso2022_(jp(_(1|2|3|2004|ext))?|kr)"
)
"""Not the escapes of protocols and programs: punycode and idna take quadratic time."""


def text_encoding(name: str) -> str:
    """Return Python's name of an encoding.

    Raises:
        LookupError: No text file is written in such an encoding.
    """
    plain = encodings.normalize_encoding(name).lower()
    module = aliases.get(plain) or aliases.get(plain.replace(".", "_"), plain)
    # Python remembers each name that it looks up, so that clients could fill the memory with them.
    if not _MODULES.fullmatch(module):
        raise LookupError(f"unknown encoding: {name}")
    return codecs.lookup(module).name
