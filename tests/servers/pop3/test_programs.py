"""Programs that others wrote: Python's poplib, curl and fetchmail."""

from __future__ import annotations

import poplib
import re
import ssl
import subprocess
from pathlib import Path

import pytest

from mailserver.mail.surrogate import Patch, edits
from mailserver.services import mailboxes, messages
from mailserver.store.models import Account, MailboxMessage
from tests.clients.programs import find
from tests.support import corpora
from tests.support.people import PASSWORD
from tests.support.pop3 import delivered, message

DOTS = ".\r\n..\r\n.a\r\nÉté\r\n" + "x" * 900 + "\r\n" + "a line\r\n" * 20_000


def contents(account: Account) -> list[bytes]:
    entries = MailboxMessage.objects.filter(mailbox=mailboxes.by_use(account.pk, "inbox")).order_by("uid")
    return [messages.raw(entry.message) for entry in entries.select_related("message")]


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.fixture(params=["clear", "encrypted"])
def client(request, ports, reader):
    if request.param == "encrypted":
        found = poplib.POP3_SSL("127.0.0.1", ports.encrypted, timeout=10, context=trusting())
    else:
        found = poplib.POP3("127.0.0.1", ports.clear, timeout=10)
        found.stls(trusting())
    yield found
    found.close()


def test_poplib_collects_and_deletes(client, reader):
    delivered(reader, body=DOTS)
    delivered(reader)
    stored = contents(reader)
    assert client.capa()["SASL"] == ["SCRAM-SHA-256", "PLAIN", "LOGIN", "OAUTHBEARER", "XOAUTH2"]
    assert client.utf8()[:3] == b"+OK"
    client.user(reader.address)
    client.pass_(PASSWORD)
    assert client.stat() == (2, sum(map(len, stored)))
    assert [line.split()[0] for line in client.uidl()[1]] == [b"1", b"2"]
    for number, content in enumerate(stored, 1):
        assert b"".join(line + b"\r\n" for line in client.retr(number)[1]) == content
    assert b"".join(line + b"\r\n" for line in client.top(2, 0)[1]) == stored[1].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    client.dele(1)
    client.quit()
    assert contents(reader) == stored[1:]


@pytest.mark.slow
@corpora.needed
@pytest.mark.parametrize("utf8", [True, False])
def test_poplib_gets_mail_of_all_kinds_octet_by_octet(ports, reader, monkeypatch, utf8):
    """Without UTF8 the same octets but for headers beyond ASCII."""
    monkeypatch.setattr(poplib, "_MAXLINE", 10**6)
    box = mailboxes.by_use(reader.pk, "inbox")
    for _, raw in corpora.messages():
        lines = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
        messages.append(account_id=reader.pk, mailbox_id=box.pk, raw=lines)
    stored = contents(reader)
    if not utf8:
        stored = [Patch(edits(content)).feed(content) for content in stored]
        assert all(content.partition(b"\r\n\r\n")[0].isascii() for content in stored)
    client = poplib.POP3_SSL("127.0.0.1", ports.encrypted, timeout=10, context=trusting())
    if utf8:
        client.utf8()
    client.user(reader.address)
    client.pass_(PASSWORD)
    for number, content in enumerate(stored, 1):
        got = b"".join(line + b"\r\n" for line in client.retr(number)[1])
        assert got == (content if content.endswith(b"\r\n") else content + b"\r\n")
    client.quit()


def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [find("curl"), "--silent", "--show-error", "--insecure", "--max-time", "20", *arguments]
    return subprocess.run(command, capture_output=True, check=False)


@pytest.mark.parametrize("options", [[], ["--login-options", "AUTH=PLAIN"], ["--login-options", "AUTH=LOGIN"]])
def test_curl_lists_and_collects(ports, reader, options):
    delivered(reader, body=DOTS)
    (stored,) = contents(reader)
    who = [*options, "--user", f"{reader.address}:{PASSWORD}"]
    listing = curl(*who, f"pop3s://127.0.0.1:{ports.encrypted}/")
    assert listing.stdout.split() == [b"1", str(len(stored)).encode()], listing.stderr
    assert curl(*who, f"pop3s://127.0.0.1:{ports.encrypted}/1").stdout == stored
    assert curl(*who, "--ssl-reqd", f"pop3://127.0.0.1:{ports.clear}/1").stdout == stored
    wrong = curl("--user", f"{reader.address}:wrong", f"pop3s://127.0.0.1:{ports.encrypted}/1")
    assert wrong.returncode == 67


@pytest.mark.parametrize("tls", ["ssl", "sslproto tls1.2+"], ids=["pop3s", "stls"])
def test_fetchmail_collects_and_deletes(ports, reader, tmp_path, tls):
    for _ in range(3):
        delivered(reader, message(body=DOTS))
    stored = contents(reader)
    port, into = ports.encrypted if tls == "ssl" else ports.clear, tmp_path / "collected"
    control = tmp_path / "fetchmailrc"
    control.write_text(
        f"poll 127.0.0.1 protocol pop3 port {port} uidl\n"
        f'  user "{reader.address}" password "{PASSWORD}" {tls} no sslcertck no keep no rewrite mda "cat >>{into}"\n'
    )
    control.chmod(0o600)
    command = [
        find("fetchmail"),
        "--fetchmailrc",
        str(control),
        "--nosyslog",
        "--invisible",
        "--pidfile",
        str(tmp_path / "pid"),
    ]
    done = subprocess.run(
        [*command, "--idfile", str(tmp_path / "ids")],
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert into.read_bytes().count(b"Subject: ") == 3
    assert Path(into).read_bytes() == b"".join(content.replace(b"\r\n", b"\n") for content in stored)
    assert contents(reader) == []
