"""Reading the demo's texts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"


def table(name: str) -> dict[str, Any]:
    """A TOML file of the data folder, by its path without `.toml`."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def names(folder: str) -> list[str]:
    """The TOML files of a folder inside the data folder, in the form `table` takes."""
    return [f"{folder}/{path.stem}" for path in sorted((FOLDER / folder).glob("*.toml"))]


def photo(name: str) -> bytes:
    """A JPEG by the name of its drawing."""
    return (FOLDER / "photos" / f"{name}.jpg").read_bytes()
