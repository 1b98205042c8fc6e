"""What a run says when everything answers: `ready.json` for programs and the READY text for people."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailserver.stack.plan import Plan

_LABELS = {
    "mx": "Mail from other servers",
    "submission": "Mail programs send (STARTTLS)",
    "submissions": "Mail programs send (TLS)",
    "imap": "Mail programs read, IMAP (STARTTLS)",
    "imaps": "Mail programs read, IMAP (TLS)",
    "pop3": "Mail programs read, POP3 (STLS)",
    "pop3s": "Mail programs read, POP3 (TLS)",
}


def facts(
    plan: Plan, listens: Mapping[str, str], accounts: Mapping[str, str], processes: Mapping[str, int]
) -> dict[str, Any]:
    """The content of ready.json.

    listens: `web` as URL and the mail ports as host:port, only of servers that run; accounts: password by
    address of the demo; processes: process id by child.
    """
    return {
        **listens,
        "admin": f"{listens['web']}/admin/",
        "accounts": dict(accounts),
        "data_dir": str(plan.config.data_dir),
        "processes": dict(processes),
    }


def text(ready: Mapping[str, Any], seconds: float) -> str:
    """The READY text: where everything is and who may sign in."""
    rows = [("Web page", f"{ready['web']}/"), ("Dashboard", ready["admin"])]
    rows += [(label, ready[key]) for key, label in _LABELS.items() if key in ready]
    lines = [f"READY in {seconds:.1f} s", ""]
    lines += [f"  {label:<36} {value}" for label, value in rows]
    if ready["accounts"]:
        lines += ["", "  Sign in as"]
        lines += [f"  {address:<36} {password}" for address, password in ready["accounts"].items()]
    else:
        lines += ["", "  If nobody can sign in yet, the web page asks for the first domain and administrator."]
    lines += ["", f"  Data and logs are in {ready['data_dir']}. Ctrl-C stops everything."]
    return "\n".join(lines)


def write(data_dir: Path, ready: Mapping[str, Any]) -> None:
    """Write ready.json, whole or not at all; it holds passwords, so only we may read it (0600)."""
    unfinished = data_dir / "ready.json.new"
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(ready, file, indent=2)
    unfinished.rename(data_dir / "ready.json")


def remove(data_dir: Path) -> None:
    """Nothing answers any more (or yet)."""
    (data_dir / "ready.json").unlink(missing_ok=True)
