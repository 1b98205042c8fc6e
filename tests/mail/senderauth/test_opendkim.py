"""What we sign, as Debian's opendkim judges it."""

from __future__ import annotations

import re
import time

import pytest

from mailserver.mail.senderauth import dkimsign
from mailserver.mail.senderauth.dkimsign import Signer
from tests.clients import programs
from tests.mail.senderauth import keys

SIGNERS = [Signer("one", keys.private(2048)), Signer("two", keys.ed25519_private())]
BODIES = {
    "plain": b"Saturday \t at seven. \r\n\r\n\r\n",
    "empty": b"",
    "utf-8": "Cr\xeape à sept heures\r\n.\r\n".encode(),
    "blanks at the ends": b"one \r\n\ttwo \t\r\n \r\n",
}


@pytest.fixture
def judge(tmp_path):
    """The words of opendkim about a message, by selector."""
    records = "".join(f"{one.selector}._domainkey.crepes.fr {dkimsign.record(one.key)}\n" for one in SIGNERS)
    (tmp_path / "keys").write_text(records)
    (tmp_path / "conf").write_text(f"Mode v\nTestPublicKeys {tmp_path / 'keys'}\n")

    def verdicts(message: bytes) -> dict[str, str]:
        (tmp_path / "message").write_bytes(message)
        files = ("-x", str(tmp_path / "conf"), "-t", str(tmp_path / "message"))
        said = programs.run(tmp_path, "opendkim", *files, "-vv").stdout
        return {selector: word for word, selector in re.findall(r"dkim=(\w+)[^;]*header\.s=(\w+)", said)}

    return verdicts


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_opendkim_believes_both_signatures(judge, body):
    head = (
        b"From: Alice <alice@crepes.fr>\r\nTo: b@hamburger.edu\r\nSubject: a\r\n  b \r\nList-Id: <x.crepes.fr>\r\n\r\n"
    )
    message = dkimsign.sign(head + body, domain="crepes.fr", signers=SIGNERS, at=int(time.time())) + head + body
    assert judge(message) == {"one": "pass", "two": "pass"}
    changed = judge(message.replace(b"Subject: a", b"Subject: c"))
    assert changed
    assert "pass" not in changed.values()
    assert "pass" not in judge(b"Reply-To: eve@evil.example\r\n" + message).values()
