"""IMAP figures beside another server, taken by one driver: `python -m ops.measure_imap BENCH MODE [its options]`.

BENCH is the folder of the driver (`imap.py`, `common.py`), MODE what it does: load, ops, idle. Its raw client speaks in
clear; here it takes TLS for every port named in `--tls`, as our server signs nobody in without. `--tree NAME=PID`: the
process of a server, whose CPU (with all below it) is counted while one of its targets is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import ssl
import sys
from pathlib import Path
from typing import Any

from ops.measure import cpu


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("bench", type=Path)
    options.add_argument("--tls", type=int, action="append", default=[], help="a port with TLS")
    options.add_argument("--tree", type=int, action="append", default=[], help="a process of the servers")
    known, rest = options.parse_known_args()
    sys.path.insert(0, str(known.bench))
    common: Any = importlib.import_module("common")
    common.acct = lambda which: sum(map(cpu, known.tree)) if which == "SRV" else 0.0
    common.Imap.open = opener(set(known.tls))
    driver: Any = importlib.import_module("imap")
    sys.argv = ["imap.py", *rest]
    driver.main()


def opener(ports: set[int]) -> Any:
    """In place of the raw client's `open`."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async def opened(self: Any, host: str, port: int, user: str, password: str) -> Any:
        tls = context if port in ports else None
        self.r, self.w = await asyncio.open_connection(host, port, limit=1 << 26, ssl=tls)
        self.greeting = await self.r.readline()
        await self.cmd(f'LOGIN {user} "{password}"')
        return self

    return opened


if __name__ == "__main__":
    main()
