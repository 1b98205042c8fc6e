from __future__ import annotations

import pytest

from mailserver.mail.searchkeys import And, BodyHas, HasFlag, TextHas
from mailserver.services import imapsearch_text, messages, searchindex
from mailserver.store.models.mailbox import Flag
from tests.support.mail import message

pytestmark = pytest.mark.django_db


def indexed():
    while searchindex.index():
        continue


# What is asked for → whether TEXT, and whether BODY finds it.
TEXTS = {
    "saturday": (True, True),
    "Saturday at SEVEN": (True, True),
    "at sev": (True, True),
    "seven saturday": (False, False),
    "crepe": (True, False),
    "pe nig": (True, False),
    "bob@hamburger": (True, False),
    "carol": (True, False),
    "turda": (True, True),
    "rday at sev": (True, True),
    "urday to sev": (False, False),
    "東京": (True, True),
    "京": (True, True),
    "☂": (True, True),
    "→ !": (False, False),
    "hamburgers": (False, False),
    "x-mailer": (True, False),
    "moonshine": (True, False),
    "": (True, True),
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("indexing", [True, False], ids=["indexed", "waiting"])
def test_it_finds_text(put, find, text, indexing):
    body = "Saturday at seven it is, 東京駅 ☂\r\n"
    uid = put(body=body, extra="Cc: Carol <carol@x.pt>\r\nX-Mailer: Moonshine 2\r\n")
    put(sender="Eve <eve@x.pt>", to="Frank <frank@x.pt>", subject="Galette", body="Nothing.\r\n")
    if indexing:
        indexed()
    anywhere, inside = TEXTS[text]
    assert (uid in find(TextHas(text)), uid in find(BodyHas(text))) == (anywhere, inside)


def test_pieces_of_words_count_where_no_whole_word_does(put, find):
    whole, piece = put(body="a ham\r\n"), put(body="Graham\r\n")
    assert find(BodyHas("ham")) == [whole]
    assert find(BodyHas("raha")) == [piece]


def test_which_words_count_does_not_depend_on_what_else_is_asked_for(put, find):
    put(body="a ham\r\n")
    piece = put(body="Graham\r\n", flags=Flag.FLAGGED)
    assert find(And((HasFlag("\\Flagged"), BodyHas("ham")))) == []
    assert find(BodyHas("ham"), within=((piece, piece),)) == []


def test_pieces_are_not_looked_for_in_the_largest_folders(put, find, monkeypatch):
    uid = put()
    assert find(BodyHas("aturda")) == [uid]
    monkeypatch.setattr(imapsearch_text, "READ_MOST", 0)
    assert find(BodyHas("aturda")) == []
    assert find(BodyHas("saturda")) == [uid]


def test_words_of_other_folders_and_accounts_are_not_found(alice, bob, put, find):
    put(body="here\r\n")
    trash = alice.mailboxes.get(special_use="trash")
    other = bob.mailboxes.get(special_use="inbox")
    messages.append(account_id=alice.pk, mailbox_id=trash.pk, raw=message(body="elsewhere\r\n"))
    messages.append(account_id=bob.pk, mailbox_id=other.pk, raw=message(body="elsewhere\r\n"))
    for _ in range(2):
        assert find(TextHas("elsewhere")) == find(BodyHas("lsewher")) == []
        indexed()
