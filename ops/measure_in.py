"""What a message costs that comes in, of several running instances in turns: `python -m ops.measure_in FILE READY...`.

FILE is the message, READY the ready.json of an instance that takes mail for alice@crepes.fr (2alice … 10alice with
`-r 10`), so that two checkouts can be held against each other on a machine that is busy with other things: CPU as the
scheduler counts it, of all processes of an instance, its index worker included, until it has come to rest. The load
is `ops/unique_source.py`, at most 600 messages a run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

SOURCE = Path(__file__).with_name("unique_source.py")
MOST = 600
WARM_UP = 60
# The index is filled every five seconds.
REST = 8.0

# Milliseconds by the name of a child of the instance.
Used = dict[str, float]


def main(arguments: list[str]) -> None:
    given = _options(arguments)
    found: dict[str, list[Used]] = {ready: [] for ready in given.ready}
    for run in range(given.runs + 1):
        for ready in given.ready:
            count = min(given.messages, MOST) if run else WARM_UP
            used = measured(json.loads(Path(ready).read_text()), given, count)
            if run:
                found[ready].append(used)
    for ready, runs in found.items():
        print(ready)
        for name in (*runs[0], "all"):
            values = [sum(one.values()) if name == "all" else one[name] for one in runs]
            if median(values) >= 0.01:
                print(f"    {name}: {median(values):.2f} ms ({min(values):.2f}-{max(values):.2f})", flush=True)


def measured(instance: dict[str, object], given: argparse.Namespace, count: int) -> Used:
    """CPU of each message, by process."""
    processes = instance["processes"]
    assert isinstance(processes, dict)
    before = {name: cpu(pid) for name, pid in processes.items()}
    command = [sys.executable, str(SOURCE), "-s", str(given.sessions), "-m", str(count), "-r", str(given.recipients)]
    command += ["-d", "-f", "sender@remote.example", "-t", "alice@crepes.fr", "-F", given.file, str(instance["mx"])]
    subprocess.run(command, check=True)
    time.sleep(REST)
    return {name: (cpu(pid) - before[name]) / count for name, pid in processes.items()}


def cpu(pid: int) -> float:
    """Milliseconds that a process and its descendants have taken, those that have ended left out."""
    folder = Path(f"/proc/{pid}/task")
    try:
        threads = [int((thread / "schedstat").read_text().split()[0]) for thread in folder.iterdir()]
        children = [int(child) for child in (folder / str(pid) / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(threads) / 1e6 + sum(map(cpu, children))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-s", type=int, default=20, dest="sessions", metavar="COUNT", help="connections at a time")
    parser.add_argument("-m", type=int, default=300, dest="messages", metavar="COUNT", help="messages of a run")
    parser.add_argument("-r", type=int, default=1, dest="recipients", metavar="COUNT", help="recipients of each")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("ready", nargs="+", metavar="READY")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
