"""The demo's password and the job that fills an empty server with the demo."""

from __future__ import annotations

import os
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from mailserver.conf import Config
from mailserver.services.demo import people
from mailserver.stack import plan
from mailserver.stack.child import Child

# Easy to type from a terminal: nothing that looks like something else. 31^12 is about 59 bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
# What `manage.py seed_demo` prints when it did something.
_SEEDED = "made "


async def ensure(wanted: plan.Plan, run: Callable[[Child], Awaitable[list[str]]]) -> None:
    """Make the demo on the first start, where nobody has an account yet. run: runs a job, gives its last lines.

    The password is CORREIO_DEMO_PASSWORD, else a new one; it is kept in the data folder (0600), so that later
    starts can tell it again. Until the job has ended it is kept under another name: a start that was
    interrupted goes on with the same password.
    """
    kept, tried = _kept(wanted.config), _tried(wanted.config)
    if kept.exists():
        return
    interrupted = tried.exists()
    if not interrupted:
        with os.fdopen(os.open(tried, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(wanted.config.demo_password or "".join(secrets.choice(_LETTERS) for _ in range(12)))
    output = await run(plan.manage(wanted, "demo", "seed_demo", CORREIO_DEMO_PASSWORD=tried.read_text()))
    if interrupted or any(line.startswith(_SEEDED) for line in output):
        tried.rename(kept)
    else:
        tried.unlink()


def accounts(config: Config) -> dict[str, str]:
    """Password by address of the demo's accounts; empty when there is no demo here."""
    kept = _kept(config)
    return dict.fromkeys(people.ACCOUNTS, kept.read_text()) if config.demo and kept.exists() else {}


def _kept(config: Config) -> Path:
    return config.data_dir / "demo_password"


def _tried(config: Config) -> Path:
    return config.data_dir / "demo_password.new"
