"""mbsync (isync): a Maildir and a mailbox kept the same, both ways."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest

from tests.clients import programs
from tests.clients.household import Person, letter

CONFIG = """
IMAPAccount correio
Host {host}
Port {port}
User {user}
Pass "{password}"
SSLType {secure}
CertificateFile {certificate}

IMAPStore far
Account correio

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX Archive Recipes
Create Both
Expunge Both
SyncState *
"""


class Synced:
    """Alice's Maildir."""

    def __init__(self, alice: Person, home: Path, secure: str) -> None:
        self.home, self.folder = home, home / "mail"
        self.folder.mkdir()
        host, port = alice.imaps if secure == "IMAPS" else alice.imap
        config = CONFIG.format(
            host=host,
            port=port,
            user=alice.address,
            password=alice.password,
            secure=secure,
            certificate=alice.certificate,
            folder=self.folder,
        )
        (home / "config").write_text(config)

    def sync(self) -> str:
        done = programs.run(self.home, "mbsync", "-c", "config", "-V", "all")
        return done.stdout + done.stderr

    def box(self, name: str = "INBOX") -> mailbox.Maildir:
        return mailbox.Maildir(self.folder / name, create=True)

    def messages(self, name: str = "INBOX") -> dict[str, str]:
        """Flags of the Maildir by subject."""
        return {str(message["Subject"]): message.get_flags() for message in self.box(name)}

    def files(self) -> set[tuple[str, int]]:
        return {
            (str(path.relative_to(self.folder)), path.stat().st_mtime_ns)
            for path in self.folder.rglob("*")
            if path.is_file() and path.parent.name in ("cur", "new")
        }


@pytest.fixture(params=["IMAPS", "STARTTLS"])
def synced(alice, tmp_path, request):
    return Synced(alice, tmp_path, request.param)


def test_both_sides_become_the_same_and_stay_so(alice, synced):
    alice.put("On the server")
    alice.put("Starred there", flags=("\\Seen", "\\Flagged"))
    near = mailbox.MaildirMessage(letter("In the Maildir"))
    near.set_subdir("cur")
    near.set_flags("RS")
    synced.box().add(near)
    synced.sync()
    assert synced.messages() == {"On the server": "", "Starred there": "FS", "In the Maildir": "RS"}
    assert alice.flags("INBOX") == {
        "On the server": (),
        "Starred there": ("\\Flagged", "\\Seen"),
        "In the Maildir": ("\\Answered", "\\Seen"),
    }
    assert "In the Maildir" in alice.page().text
    stored, files = alice.stored("INBOX"), synced.files()
    synced.sync()
    assert (alice.stored("INBOX"), synced.files()) == (stored, files)


def test_flags_and_deletions_go_both_ways(alice, synced):
    for subject in ("Read here", "Read there", "Deleted here", "Deleted there"):
        alice.put(subject)
    synced.sync()
    box = synced.box()
    for key, message in box.items():
        if message["Subject"] in ("Read here", "Deleted here"):
            message.set_subdir("cur")
            message.set_flags("S" if message["Subject"] == "Read here" else "ST")
            box[key] = message
    with alice.imapclient("INBOX") as other:
        other.add_flags([2], ["\\Seen", "\\Flagged"])
        other.delete_messages([4])
        other.expunge()
    synced.sync()
    assert synced.messages() == {"Read here": "S", "Read there": "FS"}
    assert alice.flags("INBOX") == {"Read here": ("\\Seen",), "Read there": ("\\Flagged", "\\Seen")}
    assert "Deleted" not in alice.page().text


def test_folders_are_made_on_both_sides(alice, synced):
    alice.put("Kept", folder="Archive")
    synced.box("Recipes").add(mailbox.MaildirMessage(letter("Galettes")))
    synced.sync()
    assert synced.messages("Archive") == {"Kept": ""}
    assert alice.subjects("Recipes") == ["Galettes"]
    assert "Recipes" in alice.page().text


def test_octets_arrive_as_they_were(alice, synced):
    raw = alice.put("Octets")
    synced.sync()
    (message,) = synced.box()
    del message["X-TUID"]
    assert message.as_bytes() == raw.replace(b"\r\n", b"\n")
