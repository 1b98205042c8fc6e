"""Octets to text: declared charsets as mail really uses them, and what to do when they lie.

Whatever comes out can be stored: PostgreSQL refuses NUL in text and UTF-8 has no lone surrogates,
so both are taken out here, at the only door through which octets become text.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

# What senders write and what they mean (as in the WHATWG Encoding Standard: a superset never harms).
_MEANT = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-2022-jp": "iso2022_jp_ext",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
}
_ASCII = frozenset({"ascii", "us-ascii", "ansi_x3.4-1968", "iso646-us"})
# Python codecs that decode octets but are no charset of mail.
_NO_CHARSET = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
# Guessing costs about 1 ms per KB; more text makes the guess no better.
_GUESS_SAMPLE = 4096
# Fewer octets above 127 than this fit every charset alike; Windows-1252 is then the likeliest.
_GUESS_EVIDENCE = 12
_GUESSED = ["cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp874"]
_GUESSED += ["cp932", "euc_jp", "gb18030", "big5", "cp949"]
_ASCII_OCTETS = re.compile(rb"[\x00-\x7f]+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """The text without NUL, lone surrogates as U+FFFD."""
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return _UNSTORABLE.sub(lambda found: "" if found[0] == "\x00" else "�", text)


def decode(data: bytes, declared: str | None = None) -> str:
    """Text of `data`: the declared charset, else UTF-8, else a guess, else Windows-1252. Never raises."""
    if data.isascii() and b"\x1b" not in data and not _multibyte(declared):
        return storable(data.decode("ascii"))
    codec = codec_name(declared)
    if codec and (declared or "").strip().lower() not in _ASCII:
        text = _strict(data, codec)
        if text is not None:
            return text
    text = _strict(data, "utf-8")
    if text is not None:
        return text
    if codec:
        return storable(data.decode(codec, "replace"))
    return _guess(data)


@lru_cache(maxsize=256)
def codec_name(declared: str | None) -> str | None:
    """The Python codec for a charset name found in mail, None when there is none."""
    name = (declared or "").strip().strip("\"'").lower()
    if not name or len(name) > 40 or not name.isascii() or "\x00" in name:
        return None
    name = _MEANT.get(name, name)
    try:
        found = codecs.lookup(name)
    except LookupError:
        return None
    if found.name in _NO_CHARSET or not getattr(found, "_is_text_encoding", True):
        return None
    return found.name


def _multibyte(declared: str | None) -> bool:
    """Whether ASCII octets may mean something else in this charset."""
    return (codec_name(declared) or "").startswith(("utf-7", "utf-16", "utf-32", "hz", "cp037", "cp500"))


def _strict(data: bytes, codec: str) -> str | None:
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError):
        return None
    return storable(text.removeprefix("\ufeff"))


def _guess(data: bytes) -> str:
    sample = data[:_GUESS_SAMPLE]
    best = None
    if len(_ASCII_OCTETS.sub(b"", sample)) >= _GUESS_EVIDENCE:
        best = from_bytes(sample, cp_isolation=_GUESSED).best()
    for codec in (best.encoding if best else "cp1252", "cp1252"):
        text = _strict(data, codec)
        if text is not None:
            return text
    return storable(data.decode("cp1252", "replace"))
