"""How fast a long queue goes to one server: `python -m ops.measure_drain [COUNT] [WORKERS]`, 5,000 and 1 unless said.

Messages of 4 KB are submitted while the destination is paused, three times. The server is Debian's smtp-sink (package
postfix), which takes everything. The rate is from the tenth part to the last, by the moments at which the worker had
the server's 250, and once more from the release. CPU is that of the workers and of PostgreSQL.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from statistics import median

import psycopg

from ops.measure import ROOT, RUNS, cpu, manage
from tests.support.instance import Instance
from tests.support.ports import free_ports

SUBMIT = """
from django.db import transaction
from mailserver.services.submission import SubmittedRecipient, submit
from mailserver.services import destinations
from mailserver.store.models import Account
from ops.measure import message
account = Account.objects.get(address="alice@crepes.fr")
destinations.pause("sink.test", by="measure")
with transaction.atomic():
    for number in range({count}):
        raw = message(number).replace(b"bob@load.test", b"alice@crepes.fr", 1)
        submit(account_id=account.pk, sender=account.address, recipients=[SubmittedRecipient("x@sink.test")], raw=raw)
"""
RELEASE = """
from mailserver.services import destinations
destinations.resume("sink.test", by="measure")
"""
LEFT = "SELECT EXISTS (SELECT FROM queuerecipient WHERE state <> 'delivered')"
TIMES = """
import json
import os
from mailserver.store.models import DeliveryAttempt
found = DeliveryAttempt.objects.order_by("-id").values_list("finished_at", flat=True)[:{count}]
print(json.dumps(sorted(at.timestamp() for at in found)))
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    (port,) = free_ports(1)
    unbound = {"CORREIO_SENDING_ALARM": "off", "CORREIO_SENDING_HOUR": "0", "CORREIO_SENDING_DAY": "0"}
    environ = {"CORREIO_DEMO": "0", "CORREIO_ROUTES": f"sink.test=127.0.0.1:{port}", "CORREIO_WORKERS": str(workers)}
    with (
        Instance(environ | unbound) as one,
        subprocess.Popen(["smtp-sink", "-4", *sink_user(), f"127.0.0.1:{port}", "400"]) as sink,
    ):
        try:
            manage(one, "add_domain", "crepes.fr")
            manage(one, "create_account", "alice@crepes.fr", "--password-stdin")
            show(count, workers, [drained(one, count) for _ in range(RUNS)])
        finally:
            sink.terminate()


def sink_user() -> list[str]:
    return ["-u", "nobody"] if os.geteuid() == 0 else []


def drained(one: Instance, count: int) -> tuple[float, float, float, float]:
    """Messages a second, the same from the release, and ms of CPU of workers and PostgreSQL for a message."""
    ask(one, SUBMIT.format(count=count))
    time.sleep(5)
    servers = [pid for name, pid in one.processes.items() if name.startswith("worker")], [one.processes["postgres"]]
    before = [sum(map(cpu, pids)) for pids in servers]
    began = time.time()
    ask(one, RELEASE)
    wait(one)
    spent = [(sum(map(cpu, pids)) - start) * 1000 / count for pids, start in zip(servers, before, strict=True)]
    times = json.loads(ask(one, TIMES.format(count=count)))
    return (count - count // 10) / (times[-1] - times[count // 10]), count / (times[-1] - began), spent[0], spent[1]


def wait(one: Instance) -> None:
    """Until all is delivered. The question must cost nothing, or it takes from the workers what it measures."""
    until = time.monotonic() + 300
    with psycopg.connect(one.database_url, autocommit=True) as link:
        while (row := link.execute(LEFT).fetchone()) and row[0] and time.monotonic() < until:
            time.sleep(0.25)


def ask(one: Instance, code: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", code]
    return subprocess.run(command, env=one.environ, text=True, check=True, capture_output=True, cwd=ROOT).stdout


def show(count: int, workers: int, runs: list[tuple[float, float, float, float]]) -> None:
    print(f"drain: {count} messages of 4 KB to one server, {workers} worker(s)")
    for what, unit, figures in zip(
        ("rate", "rate from the release", "cpu of workers", "cpu of postgres"),
        ("/s", "/s", " ms", " ms"),
        zip(*runs, strict=True),
        strict=True,
    ):
        print(f"    {what}: {median(figures):.2f}{unit} ({min(figures):.2f}-{max(figures):.2f})", flush=True)


if __name__ == "__main__":
    main()
