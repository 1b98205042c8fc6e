"""The numbers of a session, and arrays that sessions share."""

from __future__ import annotations

from array import array

from mailserver.servers.imap.view import View
from mailserver.services.flags import EntryFlags
from mailserver.services.selection import Delta


def view(uids: array[int]) -> View:
    return View(1, "INBOX", 1, modseq=5, recents=((100, 200),), read_only=False, uids=uids)


def came(*uids: int) -> Delta:
    return Delta(6, uids[-1] + 1, [EntryFlags(uid, 0, (), 6) for uid in uids], ())


def test_sessions_that_hear_the_same_share_what_comes_of_it():
    uids = array("I", [1, 3, 5])
    one, other, third = view(uids), view(uids), view(uids)
    assert one.absorb(came(7, 8), expunges=False).exists == 5
    assert other.absorb(came(7, 8), expunges=False).exists == 5
    third.absorb(came(7), expunges=False)
    assert one.uids is other.uids
    assert (one.uids.tolist(), third.uids.tolist(), uids.tolist()) == ([1, 3, 5, 7, 8], [1, 3, 5, 7], [1, 3, 5])


def test_expunges_are_told_with_the_numbers_as_they_were():
    uids = array("I", range(1, 11))
    one, other = view(uids), view(uids)
    gone = Delta(6, 11, [], ((2, 3), (10, 10)))
    assert one.absorb(gone, expunges=False).expunged == []
    assert one.number(10) == 10
    assert one.absorb(Delta(6, 11, [], ()), expunges=True).expunged == [(10, 10), (3, 3), (2, 2)]
    other.absorb(gone, expunges=True)
    assert one.uids is other.uids
    assert one.uids.tolist() == [1, 4, 5, 6, 7, 8, 9]


def test_thousands_go_at_once():
    uids = array("I", range(1, 5001))
    one = view(uids)
    told = one.absorb(Delta(6, 5001, [], ((1, 2500), (4000, 4001))), expunges=True).expunged
    assert (len(told), told[0], told[-1]) == (2502, (4001, 4001), (1, 1))
    assert one.uids.tolist() == [*range(2501, 4000), *range(4002, 5001)]


def test_what_the_session_did_itself_is_not_news():
    one = view(array("I", [1]))
    one.changed_here(6)
    assert one.modseq == 6
    one.changed_here(9)
    assert (one.modseq, one.own) == (6, {9})
    theirs, mine = EntryFlags(1, 4, (), 8), EntryFlags(1, 5, (), 9)
    assert one.absorb(Delta(8, 2, [theirs], ()), expunges=False).changed == [theirs]
    assert one.absorb(Delta(9, 2, [mine], ()), expunges=False).changed == []
    assert one.own == set()
