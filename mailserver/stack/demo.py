"""The demo's password and the job that fills an empty server with the demo."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from mailserver.conf import Config
from mailserver.services.demo import people
from mailserver.stack import plan
from mailserver.stack.child import Child

# Easy to type from a terminal: nothing that looks like something else. 31^12 is about 59 bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
# What `manage.py seed_demo` prints when it did something.
_SEEDED = "made "


def password(config: Config) -> str:
    """The password the demo was made with; before that CORREIO_DEMO_PASSWORD, else a new one.

    It is kept in the data folder (0600), so that a later start can tell it again.
    """
    path = _path(config)
    if not path.exists():
        chosen = config.demo_password or "".join(secrets.choice(_LETTERS) for _ in range(12))
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(chosen)
    return path.read_text()


def is_made(config: Config) -> bool:
    """Whether an earlier start made the demo here."""
    return _path(config).exists()


def job(wanted: plan.Plan) -> Child:
    """The process that makes the demo where nobody has an account yet."""
    return plan.manage(wanted, "demo", "seed_demo", CORREIO_DEMO_PASSWORD=password(wanted.config))


def forget_unless_made(config: Config, output: list[str]) -> None:
    """Drop the password of a first try when the job's output says that others have accounts here already."""
    if not any(line.startswith(_SEEDED) for line in output):
        _path(config).unlink()


def accounts(config: Config) -> dict[str, str]:
    """Password by address of the demo's accounts; empty when there is no demo here."""
    return dict.fromkeys(people.ACCOUNTS, password(config)) if config.demo and is_made(config) else {}


def _path(config: Config) -> Path:
    return config.data_dir / "demo_password"
