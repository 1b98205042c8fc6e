"""CPU of reading and marking over IMAP, of servers of one database in turns.

`python -m ops.measure_reads NAME=PORT:PID … --postgres PID [options]`

Each NAME is a `manage.py runimap` of its own (of this version and of another, say) that speaks TLS on PORT; PID its
process. `--postgres PID` is the database's, `--account` and `--password` whose Inbox is read (`ops/fill_mailbox.py`
fills one). Milliseconds for one command, medians of the rounds: server + PostgreSQL, and in all by the clock.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import ssl
import statistics
import time
from collections import defaultdict
from collections.abc import Callable

from ops.measure import cpu

_PAGE = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"
_Figures = dict[tuple[str, str], list[tuple[float, float, float]]]


class Client:
    """Signed in, with the Inbox selected."""

    def __init__(self, port: int, account: str, password: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._wire = context.wrap_socket(socket.create_connection(("127.0.0.1", port)))
        self._wire.recv(1000)
        self._number = 0
        self.ask(f'LOGIN {account} "{password}"')
        self.exists = int(re.search(rb"\* (\d+) EXISTS", self.ask("SELECT INBOX")).group(1))

    def ask(self, command: str) -> bytes:
        self._number += 1
        tag = b"T%06d " % self._number
        self._wire.sendall(tag + command.encode() + b"\r\n")
        said = [b""]
        while not (end := (said[-2] if len(said) > 1 else b"")[-200:] + said[-1]).endswith(b"\r\n") or tag not in end:
            said.append(self._wire.recv(1 << 20))
        if tag + b"OK" not in end:
            raise RuntimeError(end)
        return b"".join(said)


def commands(client: Client, chance: random.Random) -> dict[str, list[str]]:
    """What is asked, by its name, as often as a hundredth of a second of CPU says something about it."""

    def pages() -> str:
        first = chance.randrange(1, client.exists - 50)
        return f"FETCH {first}:{first + 49} {_PAGE}"

    def one(items: str) -> str:
        return f"FETCH {chance.randrange(1, client.exists)} {items}"

    def flags(count: int, flag: str, times: int) -> list[str]:
        """Put and taken again, so that each changes as many messages as it names."""
        firsts = [chance.randrange(1, client.exists - count) for _ in range(times)]
        ranges = [f"{first}:{first + count - 1}" for first in firsts]
        return [f"UID STORE {these} {sign}FLAGS.SILENT ({flag})" for these in ranges for sign in "+-"]

    return {
        "FETCH 1:* (UID FLAGS)": ["FETCH 1:* (UID FLAGS)"] * 3,
        "the same with one new flag": [one("(FLAGS)"), "STORE", "FETCH 1:* (UID FLAGS)"] * 3,
        "FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE)": ["FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE)"],
        "FETCH 1:* ENVELOPE": ["FETCH 1:* ENVELOPE"],
        "page of 50": [pages() for _ in range(100)],
        "BODY.PEEK[]": [one("BODY.PEEK[]") for _ in range(200)],
        "SEARCH SUBJECT": ['UID SEARCH SUBJECT "invoice"'] * 3,
        "SEARCH SUBJECT, nothing found": ['UID SEARCH SUBJECT "nobodywrotethis"'] * 3,
        "SEARCH FROM": ['UID SEARCH FROM "Kowalski"'] * 3,
        "SEARCH UNSEEN": ["UID SEARCH UNSEEN"] * 5,
        "SEARCH SINCE": ["UID SEARCH SINCE 1-Jan-2024"] * 5,
        "SEARCH TEXT, two words": ['UID SEARCH TEXT "schedule review"'] * 2,
        "SEARCH TEXT, one word": ['UID SEARCH TEXT "kowalski"'] * 2,
        "UID STORE of one flag": flags(1, "\\Flagged", 100),
        "UID STORE of 50 flags": flags(50, "\\Flagged", 50),
    }


def timed(ask: Callable[[], object], server: int, postgres: int) -> tuple[float, float, float]:
    before, began = (cpu(server), cpu(postgres)), time.perf_counter()
    ask()
    took = time.perf_counter() - began
    return cpu(server) - before[0], cpu(postgres) - before[1], took


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("servers", nargs="+", help="NAME=PORT:PID")
    options.add_argument("--postgres", type=int, required=True)
    options.add_argument("--account", default="bench@bench.test")
    options.add_argument("--password", default="buckwheat and cider")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help="a piece of the names")
    known = options.parse_args()
    figures: _Figures = defaultdict(list)
    for turn in range(known.rounds):
        for server in known.servers:
            name, port, pid = re.split("[=:]", server)
            client, chance = Client(int(port), known.account, known.password), random.Random(turn)
            for what, asked in commands(client, chance).items():
                if known.only in what:
                    spent = timed(lambda client=client, asked=asked: run(client, asked), int(pid), known.postgres)
                    count = sum(command != "STORE" and not command.endswith("(FLAGS)") for command in asked)
                    figures[what, name].append(tuple(1000 * one / count for one in spent))
    for (what, name), rows in figures.items():
        own, database, took = map(statistics.median, zip(*rows, strict=True))
        least, most = min(sum(row[:2]) for row in rows), max(sum(row[:2]) for row in rows)
        print(
            f"{what}, {name}: {own:.1f} + {database:.1f} = {own + database:.1f} ms of CPU ({least:.1f}-{most:.1f}),"
            f" {took:.1f} ms in all",
            flush=True,
        )


def run(client: Client, asked: list[str]) -> None:
    for command in asked:
        if command == "STORE":
            client.ask(f"STORE {random.randrange(1, client.exists)} {random.choice('+-')}FLAGS.SILENT (\\Flagged)")
        else:
            client.ask(command)


if __name__ == "__main__":
    main()
