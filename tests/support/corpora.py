"""The corpora of other projects that the tests read; their licences forbid nothing, but they are not ours to ship.

They lie beside the checkout in `../shared/corpora` or where CORREIO_TEST_CORPORA points. Without them the
tests that need them are skipped, visibly in the summary.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CORREIO_TEST_CORPORA") or _ROOT.parent / "shared" / "corpora")
MESSAGE_CORPORA = ("mime4j-testmsgs", "mikel-mail", "mail-parser-rfc", "cpython-email")

needed = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"THE CORPORA ARE MISSING: {FOLDER} (see tests/support/corpora.py)"
)


def paths(*names: str) -> list[Path]:
    """Every .eml file of the corpora named, of all four when none is."""
    return sorted(path for name in names or MESSAGE_CORPORA for path in (FOLDER / name).rglob("*.eml"))


def folders() -> list[str]:
    """The folders in which .eml files lie, as `corpus` or `corpus/folder`."""
    return sorted({str(path.parent.relative_to(FOLDER)) for path in paths()})


def paths_in(folder: str) -> list[Path]:
    """The .eml files of one folder of `folders`."""
    return sorted((FOLDER / folder).glob("*.eml"))


def messages(*names: str) -> Iterator[tuple[str, bytes]]:
    """(`corpus/file.eml`, octets as they lie on the disk)."""
    for path in paths(*names):
        yield str(path.relative_to(FOLDER)), path.read_bytes()


def parameters(*names: str) -> list[Any]:
    """One pytest parameter per message file: its path, with a short id."""
    return [pytest.param(path, id=str(path.relative_to(FOLDER))) for path in paths(*names)]


def table(corpus: str, name: str) -> Any:
    """A JSON file of a corpus."""
    return json.loads((FOLDER / corpus / name).read_text(encoding="utf-8"))


def lines(corpus: str, name: str) -> list[str]:
    """The lines of a text file of a corpus, without their ends."""
    return (FOLDER / corpus / name).read_text(encoding="utf-8", errors="surrogateescape").split("\n")


def naughty() -> list[str]:
    """Strings that have broken other programs."""
    return list(table("naughty-strings", "blns.json"))
