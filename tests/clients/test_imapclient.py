"""IMAPClient, the library most Python programs use: what it asks beyond imaplib."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from imapclient import FLAGGED, RECENT, SEEN, IMAPClient

from tests.clients.household import letter


@pytest.fixture
def client(alice):
    with alice.imapclient() as client:
        yield client


def test_it_hears_of_new_mail_and_of_deletions_while_it_idles(alice, client):
    client.select_folder("INBOX")
    client.idle()
    alice.put("News")
    hears(client, lambda line: line == (1, b"EXISTS"))
    with alice.imapclient("INBOX") as other:
        other.add_flags([1], [SEEN])
    hears(client, lambda line: line[1] == b"FETCH" and SEEN in line[2][1])
    with alice.imapclient("INBOX") as other:
        other.delete_messages([1])
        other.expunge([1])
    hears(client, lambda line: line == (1, b"EXPUNGE"))
    client.idle_done()
    assert client.search() == []


def hears(client: IMAPClient, wanted: Callable[[Any], bool]) -> None:
    """Wait for this among what is told."""
    lines: list[Any] = []
    while not any(map(wanted, lines)):
        more = client.idle_check(timeout=30)
        assert more, f"nothing more after {lines}"
        lines += more


def test_it_finds_special_folders(client):
    found = {
        flag.decode(): client.find_special_folder(flag) for flag in (b"\\Sent", b"\\Trash", b"\\Drafts", b"\\Junk")
    }
    assert all(found.values()), found
    assert client.folder_exists("INBOX")
    assert client.namespace().personal == (("", "/"),)


def test_it_sorts_and_threads(alice, client):
    for subject in ("Batter", "Apples", "Re: Batter"):
        alice.put(subject)
    client.select_folder("INBOX")
    assert client.sort("SUBJECT") == [2, 1, 3]
    assert client.sort(["REVERSE", "ARRIVAL"]) == [3, 2, 1]
    assert client.thread("REFERENCES") == ((1, 3), (2,))


def test_it_fetches_parsed_parts(alice, client):
    raw = alice.put("Crepes")
    client.select_folder("INBOX", readonly=True)
    (item,) = client.fetch(
        [1], ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[TEXT]<0.10>", "MODSEQ"]
    ).values()
    assert item[b"ENVELOPE"].subject == b"Crepes"
    assert item[b"ENVELOPE"].from_[0].mailbox == b"bob"
    assert item[b"BODYSTRUCTURE"][:2] == (b"text", b"plain")
    assert item[b"RFC822.SIZE"] == len(raw)
    assert item[b"BODY[TEXT]<0>"] == b"The batter"
    assert item[b"MODSEQ"] > (0,)


def test_it_appends_many_in_one_command_and_moves(alice, client):
    at = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
    client.multiappend("INBOX", [{"msg": letter(f"Letter {n}"), "flags": (SEEN,), "date": at} for n in range(3)])
    client.select_folder("INBOX")
    assert client.search(["SEEN", "SINCE", at.date()]) == [1, 2, 3]
    client.move([1, 3], "Archive")
    assert alice.subjects("Archive") == ["Letter 0", "Letter 2"]
    assert client.search() == [2]
    assert "Letter 1" in alice.page().text
    assert "Letter 0" not in alice.page().text


def test_it_sets_flags_and_tells_them(alice, client):
    alice.put("Crepes")
    assert client.select_folder("INBOX")[b"RECENT"] == 1
    assert client.add_flags([1], ["recipe", SEEN]) == {1: (SEEN, b"recipe", RECENT)}
    assert client.set_flags([1], [FLAGGED]) == {1: (FLAGGED, RECENT)}
    assert client.remove_flags([1], [FLAGGED]) == {1: (RECENT,)}
    assert alice.flags("INBOX") == {"Crepes": ()}


def test_quota_id_enable_and_status(client):
    usage = client.get_quota()
    assert usage[0].resource == "STORAGE"
    assert client.id_({"name": "IMAPClient", "version": "4"})[0]
    assert client.enable("CONDSTORE") == [b"CONDSTORE"]
    assert client.select_folder("INBOX")[b"HIGHESTMODSEQ"] > 0
    assert client.folder_status("INBOX", ["MESSAGES", "UIDNEXT", "HIGHESTMODSEQ"])[b"MESSAGES"] == 0
    assert client.has_capability("MOVE")


def test_folders_with_names_beyond_ascii(alice, client):
    client.create_folder("Crêpes & galettes")
    client.subscribe_folder("Crêpes & galettes")
    assert "Crêpes & galettes" in alice.folders()
    assert "Crêpes & galettes" in {name for _, _, name in client.list_folders()}
    assert "Crêpes & galettes" in {name for _, _, name in client.list_sub_folders()}
    assert "Crêpes & galettes" in alice.page().text
    client.rename_folder("Crêpes & galettes", "Kitchen")
    client.delete_folder("Kitchen")
    assert "Kitchen" not in alice.folders()


def test_what_the_page_does_is_heard(alice, client):
    alice.put("From the page")
    client.select_folder("INBOX")
    assert client.fetch([1], ["FLAGS"])[1][b"FLAGS"] == (RECENT,)
    page = alice.page()
    page.form("line").send(one=page.tree.css_first("button.star").attributes["value"])
    client.noop()
    assert client.fetch([1], ["FLAGS"])[1][b"FLAGS"] == (FLAGGED, RECENT)
