"""Passwords as SCRAM hashes them: SASLprep (RFC 4013), a profile of stringprep (RFC 3454)."""

from __future__ import annotations

import stringprep
from collections.abc import Callable
from unicodedata import ucd_3_2_0

# RFC 4013 §2.3 and §2.5: what may not stand in the result.
_PROHIBITED: tuple[Callable[[str], bool], ...] = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def prepared(text: str) -> str:
    """The text as both sides hash it. One that the profile forbids stays as it is: as other servers do, we take it."""
    # RFC 4013 §2.1: all blanks are one, soft hyphens and the like are none. ASCII has neither.
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(letter) else letter for letter in text if not stringprep.in_table_b1(letter)
    )
    found = ucd_3_2_0.normalize("NFKC", mapped)
    forbidden = not found or any(check(letter) for letter in found for check in _PROHIBITED)
    return text if forbidden or not _reads_one_way(found) else found


def _reads_one_way(text: str) -> bool:
    """RFC 3454 §6: what has a letter written from right to left begins and ends with one, and has no other."""
    if not any(map(stringprep.in_table_d1, text)):
        return True
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return ends and not any(map(stringprep.in_table_d2, text))
