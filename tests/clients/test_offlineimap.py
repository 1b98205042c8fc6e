"""OfflineIMAP: the other program that keeps a Maildir and a mailbox the same."""

from __future__ import annotations

import mailbox

import pytest

from tests.clients import programs
from tests.clients.household import letter

CONFIG = """
[general]
accounts = correio
metadata = {home}/state
ui = quiet

[Account correio]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {home}/mail

[Repository far]
type = IMAP
remotehost = {host}
remoteport = {port}
remoteuser = {user}
remotepass = {password}
ssl = yes
sslcacertfile = {certificate}
folderfilter = lambda name: name in ("INBOX", "Archive")
"""


@pytest.fixture
def offlineimap(alice, tmp_path):
    (tmp_path / "mail").mkdir()
    host, port = alice.imaps
    config = CONFIG.format(
        home=tmp_path,
        host=host,
        port=port,
        user=alice.address,
        password=alice.password,
        certificate=alice.certificate,
    )
    (tmp_path / "config").write_text(config)
    return lambda: programs.run(tmp_path, "offlineimap", "-o", "-1", "-c", "config")


def test_both_sides_become_the_same_and_stay_so(alice, offlineimap, tmp_path):
    alice.put("On the server", flags=("\\Flagged",))
    alice.put("Kept", folder="Archive")
    offlineimap()
    box = mailbox.Maildir(tmp_path / "mail" / "INBOX", create=False)
    assert {str(one["Subject"]): one.get_flags() for one in box} == {"On the server": "F"}
    near = mailbox.MaildirMessage(letter("In the Maildir"))
    near.set_subdir("cur")
    near.set_flags("S")
    box.add(near)
    with alice.imapclient("INBOX") as other:
        other.add_flags([1], ["\\Seen"])
    offlineimap()
    assert alice.flags("INBOX") == {"On the server": ("\\Flagged", "\\Seen"), "In the Maildir": ("\\Seen",)}
    assert {str(one["Subject"]): one.get_flags() for one in box} == {"On the server": "FS", "In the Maildir": "S"}
    assert "In the Maildir" in alice.page().text
    stored = alice.stored("INBOX")
    offlineimap()
    assert alice.stored("INBOX") == stored
