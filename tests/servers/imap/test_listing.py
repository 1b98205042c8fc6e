"""LIST in all its forms, LSUB, XLIST, STATUS, and what makes, renames, deletes and subscribes to folders."""

from __future__ import annotations

import re

import pytest

from tests.support.mail import message as letter
from tests.support.statements import counted


def names(lines: list[bytes]) -> list[bytes]:
    return [line.rpartition(b'"/" ')[2] for line in lines]


def attributes(lines: list[bytes]) -> dict[bytes, set[bytes]]:
    return {
        line.rpartition(b'"/" ')[2]: set(re.search(rb"\(([^)]*)\)", line)[1].split())
        for line in lines
        if line.startswith(b"LIST")
    }


@pytest.fixture
def tree(bob_in):
    """Bob with folders below folders, one of them subscribed."""
    for name in ("Lists/python", "Lists/django/announce", "Stuff"):
        bob_in.ok(f"CREATE {name}")
    for name, found in attributes(bob_in.ok('LIST "" * RETURN (SUBSCRIBED)')).items():
        if b"\\Subscribed" in found:
            bob_in.ok(b"UNSUBSCRIBE " + name)
    bob_in.ok("SUBSCRIBE Lists/python")
    return bob_in


def test_list(tree):
    found = names(tree.ok('LIST "" *'))
    assert found[0] == b"INBOX"
    assert {b"Lists", b"Lists/python", b"Lists/django", b"Lists/django/announce", b"Stuff", b"Sent"} <= set(found)
    top = names(tree.ok('LIST "" %'))
    assert b"Lists" in top
    assert b"Lists/python" not in top
    assert names(tree.ok('LIST "" Lists/%')) == [b"Lists/django", b"Lists/python"]
    assert names(tree.ok("LIST Lists/ %")) == [b"Lists/django", b"Lists/python"]
    assert names(tree.ok('LIST "" inbox')) == [b"INBOX"]
    assert tree.ok('LIST "" ""') == [b'LIST (\\Noselect) "/" ""']
    assert tree.ok('LIST "" Nowhere') == []


def test_children_are_told(tree):
    found = attributes(tree.ok('LIST "" *'))
    assert b"\\HasChildren" in found[b"Lists"]
    assert b"\\HasChildren" in found[b"Lists/django"]
    assert b"\\HasNoChildren" in found[b"Stuff"]
    assert b"\\HasNoChildren" in found[b"INBOX"]


def test_many_wildcards_cost_nothing(tree):
    assert tree.ok('LIST "" "' + "*%" * 200 + 'x"') == []


def test_special_uses(bob_in):
    found = attributes(bob_in.ok('LIST "" *'))
    for name, use in (
        (b"Drafts", b"\\Drafts"),
        (b"Sent", b"\\Sent"),
        (b"Spam", b"\\Junk"),
        (b"Trash", b"\\Trash"),
        (b"Archive", b"\\Archive"),
    ):
        assert use in found[name]
    special = bob_in.ok('LIST (SPECIAL-USE) "" *')
    assert sorted(names(special)) == [b"Archive", b"Drafts", b"Sent", b"Spam", b"Trash"]
    assert attributes(bob_in.ok('LIST "" Sent RETURN (SPECIAL-USE)'))[b"Sent"] >= {b"\\Sent"}


def test_xlist_knows_the_older_words(bob_in):
    found = bob_in.ok('XLIST "" *')
    assert b'XLIST (\\HasNoChildren \\Inbox) "/" INBOX' in found
    assert b'XLIST (\\HasNoChildren \\Spam) "/" Spam' in found
    assert b'XLIST (\\HasNoChildren \\Sent) "/" Sent' in found


def test_create_for_a_use(bob_in):
    """The use of an empty folder goes over; that of one with messages does not (RFC 6154 §3)."""
    assert bob_in.do("CREATE Postponed (USE (\\Drafts))")[-1].startswith(b"OK [MAILBOXID (")
    found = attributes(bob_in.ok('LIST "" *'))
    assert b"\\Drafts" in found[b"Postponed"]
    assert b"\\Drafts" not in found[b"Drafts"]
    assert sorted(names(bob_in.ok('LIST (SPECIAL-USE) "" *'))) == [b"Archive", b"Postponed", b"Sent", b"Spam", b"Trash"]
    bob_in.ok("DELETE Drafts")
    bob_in.refused("DELETE Postponed", rb"NO \[CANNOT\] .*")

    bob_in.append("Sent", letter())
    bob_in.refused("CREATE Gesendet (USE (\\Sent))", rb"NO \[USEATTR\] .*")
    assert b"Gesendet" not in names(bob_in.ok('LIST "" *'))
    bob_in.ok("RENAME Sent Gesendet")
    assert b"\\Sent" in attributes(bob_in.ok('LIST "" *'))[b"Gesendet"]


def test_uses_that_are_not_for_folders_of_ours(bob_in):
    for use in ("\\All", "\\Flagged", "\\Important", "\\Inbox"):
        bob_in.refused(f"CREATE New (USE ({use}))", rb"NO \[USEATTR\] .*")
    assert b"New" not in names(bob_in.ok('LIST "" *'))
    bob_in.refused("CREATE All (USE (\\All))", rb"NO \[USEATTR\] .*")
    bob_in.refused("CREATE Both (USE (\\Sent \\Junk))", rb"NO \[USEATTR\] .*")
    bob_in.refused("CREATE Odd (SIZE (3))", rb"BAD .*")
    assert bob_in.do("CREATE None (USE ())")[-1].startswith(b"OK [MAILBOXID (")


def test_extended_list(tree):
    assert names(tree.ok('LIST "" (Stuff INBOX "Lists/%")')) == [b"INBOX", b"Lists/django", b"Lists/python", b"Stuff"]
    assert tree.ok('LIST (SUBSCRIBED) "" *') == [b'LIST (\\HasNoChildren \\Subscribed) "/" Lists/python']
    found = attributes(tree.ok('LIST "" Lists* RETURN (SUBSCRIBED CHILDREN)'))
    assert found[b"Lists/python"] == {b"\\HasNoChildren", b"\\Subscribed"}
    assert found[b"Lists"] == {b"\\HasChildren"}
    assert tree.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" %') == [
        b'LIST (\\HasChildren) "/" Lists ("CHILDINFO" ("SUBSCRIBED"))'
    ]
    tree.refused('LIST (RECURSIVEMATCH) "" %', rb"BAD .*")
    tree.refused('LIST (HIDDEN) "" %', rb"BAD .*")
    assert names(tree.ok('LIST (REMOTE) "" Stuff')) == [b"Stuff"]


def test_subscribed_names_without_a_folder(tree):
    tree.ok("SUBSCRIBE Gone/for/good")
    assert b'LIST (\\NonExistent \\Subscribed) "/" Gone/for/good' in tree.ok('LIST (SUBSCRIBED) "" *')
    assert b"Gone/for/good" not in names(tree.ok('LIST "" *'))
    tree.ok("DELETE Lists/python")
    assert b'LIST (\\NonExistent \\Subscribed) "/" Lists/python' in tree.ok('LIST (SUBSCRIBED) "" *')
    tree.ok("CREATE Lists/python")
    assert attributes(tree.ok('LIST (SUBSCRIBED) "" Lists/*'))[b"Lists/python"] == {
        b"\\HasNoChildren",
        b"\\Subscribed",
    }


def test_lsub(tree):
    assert tree.ok('LSUB "" *') == [b'LSUB () "/" Lists/python']
    assert tree.ok('LSUB "" %') == [b'LSUB (\\Noselect) "/" Lists']
    tree.ok("UNSUBSCRIBE Lists/python")
    assert tree.ok('LSUB "" *') == []


def test_list_with_status_asks_once(tree):
    tree.append("Stuff", letter())
    with counted() as asked:
        found = tree.ok('LIST "" * RETURN (STATUS (MESSAGES UNSEEN SIZE))')
    listed = [line for line in found if line.startswith(b"LIST")]
    told = [line for line in found if line.startswith(b"STATUS")]
    assert len(told) == len(listed)
    assert any(re.fullmatch(rb"STATUS Stuff \(MESSAGES 1 UNSEEN 1 SIZE \d{3}\)", line) for line in told)
    assert len(asked) < 5


def test_status(bob_in, watcher):
    raw = letter()
    bob_in.append("INBOX", raw)
    bob_in.append("INBOX", raw, "\\Seen \\Deleted")
    (line,) = bob_in.ok("STATUS INBOX (MESSAGES RECENT UIDNEXT UNSEEN DELETED SIZE)")
    assert line == b"STATUS INBOX (MESSAGES 2 RECENT 2 UIDNEXT 3 UNSEEN 1 DELETED 1 SIZE %d)" % (2 * len(raw))
    (line,) = bob_in.ok("STATUS inbox (HIGHESTMODSEQ UIDVALIDITY MAILBOXID DELETED-STORAGE)")
    found = re.fullmatch(
        rb"STATUS INBOX \(HIGHESTMODSEQ (\d+) UIDVALIDITY (\d+) MAILBOXID \((F\d+)\) DELETED-STORAGE (\d+)\)", line
    )
    assert int(found[4]) == len(raw)
    assert b"OK [MAILBOXID (%b)] Id" % found[3] in watcher().ok("SELECT INBOX")
    bob_in.refused("STATUS Nowhere (MESSAGES)", rb"NO \[NONEXISTENT\] .*")
    bob_in.refused("STATUS INBOX ()", rb"BAD .*")


def test_create_rename_delete(bob_in):
    assert re.fullmatch(rb"OK \[MAILBOXID \(F\d+\)\] Created\.", bob_in.do("CREATE One/")[-1])
    bob_in.refused("CREATE One", rb"NO \[ALREADYEXISTS\] .*")
    bob_in.refused("CREATE inbox", rb"NO \[CANNOT\] .*")
    bob_in.ok("CREATE One/Two")
    bob_in.append("One/Two", letter())
    bob_in.ok("RENAME One Uno")
    assert names(bob_in.ok('LIST "" Uno*')) == [b"Uno", b"Uno/Two"]
    assert bob_in.ok("STATUS Uno/Two (MESSAGES)") == [b"STATUS Uno/Two (MESSAGES 1)"]
    bob_in.refused("RENAME One Due", rb"NO \[NONEXISTENT\] .*")
    bob_in.refused("RENAME Uno Sent", rb"NO \[ALREADYEXISTS\] .*")
    bob_in.refused("DELETE Uno", rb"NO \[HASCHILDREN\] .*")
    bob_in.refused("DELETE INBOX", rb"NO \[CANNOT\] .*")
    bob_in.ok("DELETE Uno/Two")
    bob_in.ok("DELETE Uno")
    bob_in.refused("DELETE Uno", rb"NO \[NONEXISTENT\] .*")


def test_renaming_inbox_takes_its_messages(bob_in, watcher):
    bob_in.append("INBOX", letter())
    other = watcher()
    bob_in.ok("RENAME INBOX Old")
    assert other.ok("NOOP") == [b"1 EXPUNGE"]
    assert bob_in.ok('LIST "" INBOX') != []
    assert bob_in.ok("STATUS Old (MESSAGES)") == [b"STATUS Old (MESSAGES 1)"]


def test_a_selected_folder_that_somebody_renames_stays_selected(bob_in, connect, bob):
    bob_in.ok("CREATE Here")
    bob_in.append("Here", letter())
    other = connect(bob.address, "Here")
    bob_in.ok("RENAME Here There")
    assert other.ok("STORE 1 +FLAGS (\\Seen)") == [b"1 FETCH (FLAGS (\\Seen \\Recent))"]


def test_a_selected_folder_that_somebody_deletes_ends_the_session(bob_in, connect, bob):
    bob_in.ok("CREATE Here")
    other = connect(bob.address, "Here")
    bob_in.ok("DELETE Here")
    other.send_command("NOOP")
    assert other.response() == b"* BYE Somebody has deleted the selected mailbox."
    other.expect_end()


def test_deleting_what_one_has_selected_closes_it(bob_in):
    bob_in.ok("CREATE Here")
    bob_in.ok("SELECT Here")
    assert bob_in.ok("DELETE Here") == [b"OK [CLOSED] It was selected."]
    bob_in.refused("FETCH 1 FLAGS", rb"BAD Select a mailbox first\.")


def test_names_in_modified_utf7(bob_in):
    bob_in.ok("CREATE Cr&AOo-pes")
    assert names(bob_in.ok('LIST "" C*')) == [b"Cr&AOo-pes"]
    bob_in.ok("SELECT Cr&AOo-pes")
    bob_in.refused("CREATE Bro&ken", rb"NO \[CANNOT\] .*")
    bob_in.ok('CREATE "with \\"quotes\\""')
    assert names(bob_in.ok('LIST "" with*')) == [b'"with \\"quotes\\""']


def test_nobody_sees_the_folders_of_others(tree, connect, alice):
    other = connect(alice.address)
    assert b"Stuff" not in names(other.ok('LIST "" *'))
    for command in ("STATUS Stuff (MESSAGES)", "DELETE Stuff", "RENAME Stuff Mine"):
        other.refused(command, rb"NO \[NONEXISTENT\] .*")
