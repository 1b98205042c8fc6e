"""Columns that PostgreSQL sends packed, as `string_agg(int4send(…), '')`: 100,000 numbers as one value."""

from __future__ import annotations

import sys
from array import array
from typing import Any, Final

# Type of the numbers → what an array of them is called.
CODES: Final = {"int2": "h", "int4": "i", "int8": "q"}


def unpacked(kind: str, octets: bytes | None) -> array[Any]:
    """The numbers, in the order they were packed."""
    found = array(CODES[kind], octets or b"")
    if sys.byteorder == "little":
        found.byteswap()
    return found
