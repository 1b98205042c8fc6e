"""Secrets: given by a variable, or made once and kept beside the data."""

from __future__ import annotations

import base64
import re
import secrets
from pathlib import Path

from mailserver.errors import ConfigurationError


def fernet_keys(text: str) -> tuple[str, ...]:
    """Keys of 32 octets in URL-safe base64, separated by commas. Raises ConfigurationError, which names none."""
    keys = tuple(part.strip() for part in text.split(",") if part.strip())
    if not keys or not all(re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) for key in keys):
        raise ConfigurationError("CORREIO_ENCRYPTION_KEYS: a key is 32 octets in URL-safe base64")
    return keys


def kept(path: Path, made: str) -> str:
    """A secret of an embedded run: made once, kept beside the data, readable by its owner.

    Containers and installations set the variables, so no file is made there.
    """
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(made)
    return made


def new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
