"""curl: every command a mailbox can be asked in one line."""

from __future__ import annotations

import pytest

from tests.clients import programs
from tests.clients.household import Person, letter


@pytest.fixture
def curl(alice, tmp_path):
    """Runs curl with an address below imap(s)://; gives what it prints."""

    def run(path, *arguments, door="imaps", code=0):
        host, port = alice.imaps if door == "imaps" else alice.imap
        always = ["--silent", "--show-error", "--cacert", str(alice.certificate), "--user", _user(alice)]
        secure = [] if door == "imaps" else ["--ssl-reqd"]
        url = f"{door}://{host}:{port}/{path}"
        return programs.run(tmp_path, "curl", *always, *secure, *arguments, url, code=code).stdout

    return run


def _user(person: Person) -> str:
    return f"{person.address}:{person.password}"


@pytest.mark.parametrize("door", ["imap", "imaps"])
def test_it_lists_folders(curl, door):
    listed = curl("", door=door)
    assert "INBOX" in listed
    assert r"\Sent" in listed


def test_it_is_refused_with_a_wrong_password(alice, curl):
    curl("", "--user", f"{alice.address}:buckwheat and water", code=67)


def test_it_fetches_whole_messages_and_parts(alice, curl):
    raw = alice.put("Crepes on Sunday")
    assert curl("INBOX;MAILINDEX=1").encode() == raw.replace(b"\r\n", b"\n")
    assert "The batter has rested." in curl("INBOX;UID=1;SECTION=TEXT")
    assert curl("INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)").strip() == "Subject: Crepes on Sunday"
    assert alice.flags("INBOX") == {"Crepes on Sunday": ("\\Seen",)}
    assert alice.stored("INBOX")[0].flags == ("\\Seen",)


def test_it_appends_what_the_page_shows_at_once(alice, curl, tmp_path):
    (tmp_path / "letter").write_bytes(letter("From the command line"))
    curl("INBOX", "-T", str(tmp_path / "letter"))
    assert "From the command line" in alice.page().text
    assert alice.flags("INBOX") == {"From the command line": ("\\Seen",)}


def test_it_searches(alice, curl):
    for subject in ("Galettes", "Crepes", "Galettes again"):
        alice.put(subject)
    assert curl("INBOX?SUBJECT%20Galettes").split() == ["*", "SEARCH", "1", "3"]
    assert curl("INBOX", "-X", 'UID SEARCH SUBJECT "Crepes"').split() == ["*", "SEARCH", "2"]


def test_it_flags_moves_and_expunges(alice, curl):
    for subject in ("Stays", "Goes", "Moves"):
        alice.put(subject)
    curl("INBOX", "-X", r"STORE 1 +FLAGS (\Flagged recipe)")
    assert alice.stored("INBOX")[0].flags == ("\\Flagged", "recipe")
    curl("INBOX", "-X", "UID MOVE 3 Archive")
    assert alice.subjects("Archive") == ["Moves"]
    curl("INBOX", "-X", r"STORE 2 +FLAGS.SILENT \Deleted")
    curl("INBOX", "-X", "EXPUNGE")
    assert alice.subjects("INBOX") == ["Stays"]
    assert alice.flags("INBOX") == {"Stays": ("\\Flagged", "recipe")}
    assert "Goes" not in alice.page().text


def test_it_asks_for_status_and_makes_folders(alice, curl):
    alice.put("Unread")
    curl("", "-X", "CREATE Recipes")
    assert "Recipes" in alice.folders()
    assert "Recipes" in alice.page().text
    assert "(MESSAGES 1 UNSEEN 1)" in curl("", "-X", "STATUS INBOX (MESSAGES UNSEEN)")
