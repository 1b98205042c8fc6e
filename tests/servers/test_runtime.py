"""`manage.py runsmtp` as it runs: processes, signals, memory, crashes."""

from __future__ import annotations

import os
import resource
import signal
import smtplib
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path

import pytest

from mailserver.servers import runtime
from mailserver.store.models import Change, MailboxMessage, Message, ThreadBox
from tests.support.dialogue import Dialogue
from tests.support.mail import message
from tests.support.runsmtp import runsmtp

pytestmark = pytest.mark.django_db(transaction=True)


def to_data(client: Dialogue) -> Dialogue:
    client.ask("EHLO crepes.fr", "250-.*")
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    client.ask("DATA", "354 .*")
    return client


def test_it_listens_takes_mail_and_ends_in_order(tmp_path, bob):
    with runsmtp(tmp_path) as running:
        assert running.output().count("listening: mx 127.0.0.1:") == 1
        with Dialogue(running.mx) as busy, Dialogue(running.mx) as idle:
            busy.expect("220 .*")
            idle.expect("220 .*")
            to_data(busy)
            running.process.send_signal(signal.SIGTERM)
            idle.expect(r"421 4\.3\.2 .*")
            # A message under way may still end.
            busy.send("Subject: last", "", "Hi", ".")
            busy.expect("250 .*")
            busy.expect(r"421 4\.3\.2 .*")
        assert running.process.wait(20) == 0
        assert "Traceback" not in running.output()
    assert Message.objects.filter(account=bob).count() == 1


@pytest.mark.slow
def test_several_processes_share_the_ports(tmp_path, bob):
    with runsmtp(tmp_path, "--processes", "3") as running:
        family = running.family()
        assert len(family) == 4
        for _ in range(12):
            with smtplib.SMTP("127.0.0.1", running.mx) as client:
                client.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], message())
        assert running.stop() == 0
        assert not [pid for pid in family[1:] if Path(f"/proc/{pid}").exists()]
    uids = list(MailboxMessage.objects.filter(account=bob).order_by("uid").values_list("uid", flat=True))
    assert uids == list(range(1, 13))


@pytest.mark.slow
def test_several_processes_file_groups_for_the_same_people(tmp_path, bob, charlie):
    """Recipients in both orders, from more sessions than one process has: no deadlock, no gap, no double."""
    people = [bob.address, charlie.address]

    def send(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", running.mx) as client:
            for _ in range(10):
                to = people if number % 2 else people[::-1]
                assert client.sendmail("alice@crepes.fr", to, message(reply_to=f"{number % 3}@crepes.fr")) == {}

    with runsmtp(tmp_path, "--processes", "2") as running:
        with ThreadPoolExecutor(12) as senders:
            list(senders.map(send, range(12)))
        assert running.stop() == 0
        assert "deadlock" not in running.output()
        assert "cannot be taken together" not in running.output()
    for account in (bob, charlie):
        entries = MailboxMessage.objects.filter(account=account).order_by("uid")
        assert [entry.uid for entry in entries] == list(range(1, 121))
        changes = Change.objects.filter(mailbox__account=account).order_by("modseq")
        assert [change.modseq for change in changes] == list(range(2, len(changes) + 2))
        assert sorted(uid for change in changes for uid in change.uids) == list(range(1, 121))
        assert ThreadBox.objects.filter(account=account).count() == 3


@pytest.mark.slow
def test_the_death_of_one_process_is_the_end_of_all(tmp_path, bob):
    with runsmtp(tmp_path, "--processes", "2") as running:
        family = running.family()
        os.kill(family[1], signal.SIGKILL)
        assert running.process.wait(20) == 1
        assert not [pid for pid in family[1:] if Path(f"/proc/{pid}").exists()]


def test_processes_do_not_outlive_their_parent(tmp_path, bob):
    with runsmtp(tmp_path, "--processes", "2") as running:
        children = running.family()[1:]
        running.stop(signal.SIGKILL)
        deadline = time.monotonic() + 15
        while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not [pid for pid in children if _alive(pid)]


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_has_room_for_the_files_of_all_sessions(tmp_path, bob):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        with runsmtp(tmp_path) as running:
            limits = Path(f"/proc/{running.process.pid}/limits").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    found = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()
    assert int(found[3]) == min(runtime.OPEN_FILES, before[1] if before[1] >= 0 else runtime.OPEN_FILES)


@pytest.mark.slow
def test_it_does_not_share_a_port_with_a_stranger(tmp_path, bob):
    with runsmtp(tmp_path) as first:
        with (
            pytest.raises(AssertionError, match="ddress already in use"),
            runsmtp(tmp_path, environ={"CORREIO_MX_PORT": str(first.mx)}),
        ):
            pass
        with Dialogue(first.mx) as client:
            client.expect("220 .*")


@pytest.mark.slow
def test_its_memory_is_bounded(tmp_path, bob):
    """256 MB without CRLF before any login, 5,000 recipients tried, and 20 messages of 25 MB at once beside 480 other
    sessions."""
    with runsmtp(tmp_path, environ={"CORREIO_CONNECTION_LIMITS": "off"}) as running, ExitStack() as others:
        with Dialogue(running.mx) as client:
            client.expect("220 .*")
            to_data(client)
            block, sent = b"x" * (1 << 20), 0
            try:
                while sent < 256:
                    client.push(block)
                    sent += 1
            except (BrokenPipeError, ConnectionResetError):
                pass
        assert sent < 100, "twice the size limit is 72 MB"
        with Dialogue(running.mx) as client:
            client.expect("220 .*")
            client.ask("EHLO crepes.fr", "250-.*")
            client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
            asked = (client.ask(f"RCPT TO:<bob+{n}@hamburger.edu>", "250 .*|4.*")[:3] for n in range(5000))
            assert Counter(takewhile(lambda code: code != "421", asked)) == {"250": 1000, "452": 100}
        for _ in range(480):
            others.enter_context(Dialogue(running.mx)).expect("220 .*")
        large, together = (b"x" * 998 + b"\r\n") * 25_000, threading.Barrier(20)

        def send(_: int) -> None:
            with Dialogue(running.mx) as client:
                client.socket.settimeout(60)
                client.expect("220 .*")
                to_data(client)
                client.push(large)
                together.wait(60)
                client.push(b".\r\n")
                client.expect("250 .*")

        with ThreadPoolExecutor(20) as senders:
            list(senders.map(send, range(20)))
        assert running.peak_memory() < 300


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_it_is_killed(tmp_path, bob):
    """Clients that send again what was not acknowledged, as mail servers do; kill -9 in between."""
    everything = {f"kill{number}@crepes.fr" for number in range(120)}
    acknowledged: set[str] = set()
    for enough in (25, 50, 75, len(everything)):
        with runsmtp(tmp_path) as running:
            senders = [
                threading.Thread(
                    target=_send, args=(running.mx, sorted(everything - acknowledged)[half::2], acknowledged)
                )
                for half in (0, 1)
            ]
            for sender in senders:
                sender.start()
            while len(acknowledged) < enough and any(sender.is_alive() for sender in senders):
                time.sleep(0.001)
            running.stop(signal.SIGKILL)
            for sender in senders:
                sender.join()
        stored = _stored(bob)
        assert acknowledged <= set(stored)
        assert set(stored.values()) == {1}
    assert set(_stored(bob)) == everything
    assert sorted(MailboxMessage.objects.filter(account=bob).values_list("uid", flat=True)) == list(range(1, 121))


def _stored(account) -> Counter[str]:
    return Counter(MailboxMessage.objects.filter(account=account).values_list("message__message_id", flat=True))


def _send(port: int, ids: list[str], acknowledged: set[str]) -> None:
    """Send the messages until the server dies."""
    try:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for message_id in ids:
                client.sendmail("alice@crepes.fr", ["bob@hamburger.edu"], message(message_id=message_id))
                acknowledged.add(message_id)
    except (OSError, smtplib.SMTPException):
        return


@pytest.mark.slow
def test_processes_count_the_connections_of_an_address_together(tmp_path, bob):
    """The kernel gives each connection to one of them."""
    limits = {"CORREIO_CONNECTION_LIMITS": "3/1m"}
    with runsmtp(tmp_path, "--processes", "2", environ=limits) as running, ExitStack() as guests:
        for _ in range(3):
            guests.enter_context(Dialogue(running.mx)).expect("220 .*")
        for _ in range(4):
            with Dialogue(running.mx) as client:
                client.expect("421 4.7.0 .*")
