from __future__ import annotations

import pytest

from mailserver.services import external_run
from mailserver.store.models import ExternalFolder
from tests.services.importing import (
    State,
    added,
    due,
    folder,
    letters,
    run,
    subjects,
    until_it_waits_for_nobody,
)
from tests.support.scripted_imap import Script, imap_server

pytestmark = pytest.mark.usefixtures("trusting_localhost")


def test_it_gives_up_a_folder_that_is_numbered_anew_each_time(alice, monkeypatch):
    numbers = iter(range(1, 1000))
    script = Script(letters(*range(1, 7)))

    def renumbering(command):
        script.uidvalidity = str(next(numbers))
        return script._honest(command)

    script.answers["EXAMINE"] = renumbering
    monkeypatch.setattr(external_run, "SLICE_MESSAGES", 1)
    monkeypatch.setattr(external_run, "_TOGETHER", 1)
    with imap_server(script) as port:
        row = until_it_waits_for_nobody(added(alice, port))
    assert row.state == State.DONE
    assert folder(row).error == "The server numbers this folder anew again and again."
    assert len(subjects(alice)) == len(set(subjects(alice)))


def test_it_leaves_a_folder_without_uidvalidity(alice):
    with imap_server(Script(letters(1), uidvalidity="0")) as port:
        row = run(added(alice, port))
    assert row.state == State.DONE
    assert "UIDVALIDITY" in folder(row).error
    assert subjects(alice) == []


def test_it_puts_folders_where_they_belong_and_makes_those_that_are_missing(alice):
    names = ["Deleted Items", "INBOX/Work", "A*%/b", "/".join("abcdefghijkl"), "x" * 300, "INBOX", "Archive"]
    listing = b"".join(b'* LIST () "/" "%b"\r\n' % name.encode() for name in names) + b"{tag} OK done\r\n"
    script = Script(letters(1), {"LIST": lambda command: listing})
    with imap_server(script) as port:
        row = run(added(alice, port))
    paths = dict(ExternalFolder.objects.filter(external=row).values_list("name", "mailbox__path"))
    assert paths == {
        "INBOX": "INBOX",
        "Deleted Items": "Trash",
        "INBOX/Work": "Work",
        "A*%/b": "A__/b",
        "a/b/c/d/e/f/g/h/i/j/k/l": "a/b/c/d/e/f/g/h/i/j-k-l",
        "x" * 300: "x" * 255,
        "Archive": "Archive",
    }


def test_it_goes_to_a_new_folder_when_the_old_one_was_removed_here(alice):
    listing = b'* LIST () "/" "Work"\r\n{tag} OK done\r\n'
    script = Script(letters(1), {"LIST": lambda command: listing})
    with imap_server(script) as port:
        row = run(added(alice, port, mode="keep"))
        folder(row, "Work").mailbox.delete()
        script.messages |= letters(2)
        due(row)
        run(row)
    assert subjects(alice, "Work") == ["Letter 2"]
