"""fetchmail over IMAP: mail is collected once, with a password and with TLS checked."""

from __future__ import annotations

import mailbox

import pytest

from tests.clients import programs
from tests.clients.household import letter

CONFIG = """
poll {host} service {port} protocol imap
  username "{user}" password "{password}" {secure} sslcertck sslcertfile "{certificate}" {keep}
  mda "cat >> {home}/collected/$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')"
"""


@pytest.fixture(params=["imaps", "starttls"])
def fetchmail(alice, tmp_path, request):
    """Collects the Inbox; the subjects that came, and the octets."""
    host, port = alice.imaps if request.param == "imaps" else alice.imap
    collected = tmp_path / "collected"
    collected.mkdir()

    def run(keep, code=0):
        config = CONFIG.format(
            host=host,
            port=port,
            user=alice.address,
            password=alice.password,
            secure="ssl" if request.param == "imaps" else "sslproto 'TLS1.2+'",
            certificate=alice.certificate,
            keep=keep,
            home=tmp_path,
        )
        file = tmp_path / "fetchmailrc"
        file.write_text(config)
        file.chmod(0o600)
        arguments = ["-f", str(file), "--nodetach", "--nosyslog", "--pidfile", str(tmp_path / "pid")]
        programs.run(tmp_path, "fetchmail", *arguments, code=code)
        found = [file.read_bytes() for file in collected.iterdir()]
        for file in list(collected.iterdir()):
            file.unlink()
        return found

    return run


def subjects(collected):
    return sorted(str(mailbox.Message(one)["Subject"]) for one in collected)


def test_it_collects_once_and_leaves_the_mail(alice, fetchmail):
    for subject in ("First", "Second"):
        alice.put(subject)
    collected = fetchmail("keep")
    assert subjects(collected) == ["First", "Second"]
    assert letter("First").split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n") in b"".join(collected)
    assert alice.flags("INBOX") == {"First": ("\\Seen",), "Second": ("\\Seen",)}
    # 1: there was no new mail.
    assert fetchmail("keep", code=1) == []
    assert "First" in alice.page().text


def test_it_takes_the_mail_away(alice, fetchmail):
    alice.put("Taken")
    assert subjects(fetchmail("fetchall nokeep")) == ["Taken"]
    assert alice.stored("INBOX") == []
    assert "Taken" not in alice.page().text
