from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from mailserver.errors import NotFound, SearchTooSlow
from mailserver.mail import objectids
from mailserver.mail.numbersets import STAR
from mailserver.mail.searchkeys import (
    Age,
    All,
    And,
    BodyHas,
    Dated,
    EmailId,
    HasFlag,
    HeaderHas,
    ModSeq,
    Not,
    Numbers,
    Or,
    Recent,
    SaveDateSupported,
    Size,
    TextHas,
    ThreadId,
    Uids,
)
from mailserver.services import imapsearch, imapsearch_sql, imapsearch_text, messages, searchindex
from mailserver.store.models import Label, MailboxMessage, Message
from mailserver.store.models.mailbox import Flag
from tests.support.mail import message

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def inbox(alice):
    return alice.mailboxes.get(special_use="inbox")


@pytest.fixture
def put(alice, inbox):
    """Put a message into Alice's Inbox; its UID."""

    def append(raw=None, *, flags=0, at=NOVEMBER, **parts):
        raw = raw or message(**parts)
        return messages.append(account_id=alice.pk, mailbox_id=inbox.pk, raw=raw, flags=flags, at=at).uid

    return append


@pytest.fixture
def find(alice, inbox):
    return lambda key, **options: imapsearch.find(alice.pk, inbox.pk, key, **options)


def indexed():
    while searchindex.index():
        continue


def entry(uid):
    return MailboxMessage.objects.get(uid=uid)


def test_an_empty_folder_has_no_message(find):
    assert find(All()) == []
    assert find(Not(TextHas("x"))) == []


def test_another_persons_folder_is_not_there(bob, inbox):
    with pytest.raises(NotFound):
        imapsearch.find(bob.pk, inbox.pk, All())


def test_it_knows_flags_and_keywords(alice, inbox, put, find):
    seen, forwarded, labelled = put(flags=Flag.SEEN), put(flags=Flag.FORWARDED), put()
    label = Label.objects.create(account=alice, keyword="Recipes", name="Recipes")
    messages.set_label(account_id=alice.pk, mailbox_id=inbox.pk, uids=[labelled], label_id=label.pk, on=True)
    assert find(HasFlag("\\SEEN")) == [seen]
    assert find(HasFlag("\\Seen", False)) == [forwarded, labelled]
    assert find(HasFlag("$forwarded")) == [forwarded]
    assert find(HasFlag("recipes")) == [labelled]
    assert find(HasFlag("RECIPES", False)) == [seen, forwarded]
    assert find(Not(HasFlag("recipes"))) == [seen, forwarded]
    assert find(HasFlag("nobody")) == []
    assert find(HasFlag("nobody", False)) == [seen, forwarded, labelled]


def test_every_bit_has_a_name():
    assert set(imapsearch_sql.FLAGS.values()) == set(Flag)


def test_a_label_of_another_account_is_none(alice, bob, put, find):
    put()
    Label.objects.create(account=bob, keyword="Recipes", name="Recipes")
    assert find(HasFlag("Recipes")) == []


def test_it_knows_sets_of_uids(put, find):
    one, two, three = put(), put(), put()
    assert find(Uids(((one, one), (three, STAR)))) == [one, three]
    assert find(Uids(((STAR, STAR),))) == []
    assert find(Not(Uids(((two, two),)))) == [one, three]
    assert find(Uids(())) == []


def test_only_what_the_session_knows_is_found(put, find):
    one, two = put(), put()
    assert find(All(), within=((one, one),)) == [one]
    assert find(Not(HasFlag("\\Seen")), within=((one, one),)) == [one]
    assert find(TextHas("crêpe"), within=((two, two),)) == [two]
    assert find(Not(TextHas("absent")), within=((two, two),)) == [two]
    assert find(All(), within=()) == []


def test_recent_messages_are_those_the_session_says(put, find):
    one, two = put(), put()
    assert find(Recent(), recent=((two, two + 5),)) == [two]
    assert find(Recent(False), recent=((two, two + 5),)) == [one]
    assert (find(Recent()), find(Recent(False))) == ([], [one, two])


def test_it_knows_sizes(put, find):
    raw = message()
    uid = put(raw)
    assert find(Size(len(raw) - 1, above=True)) == find(Size(len(raw) + 1, above=False)) == [uid]
    assert find(Size(len(raw), above=True)) == find(Size(len(raw), above=False)) == []
    assert find(Size(2**32, above=True)) == []


@pytest.mark.parametrize(("comparison", "days"), [("before", [22]), ("on", [23, 23]), ("since", [23, 23, 24])])
def test_internal_dates_are_days_of_utc(put, find, comparison, days):
    hours = [(22, 23, 59), (23, 0, 0), (23, 23, 59), (24, 0, 0)]
    uids = {put(at=datetime(2026, 11, *hour, tzinfo=UTC)): hour[0] for hour in hours}
    found = find(Dated("internal", comparison, date(2026, 11, 23)))
    assert [uids[uid] for uid in found] == days


def test_it_knows_when_a_message_was_saved(put, find):
    uid = put()
    MailboxMessage.objects.filter(uid=uid).update(saved_at=NOVEMBER - timedelta(days=3))
    assert find(Dated("saved", "on", date(2026, 11, 20))) == [uid]
    assert find(Dated("saved", "since", date(2026, 11, 21))) == []
    assert find(SaveDateSupported()) == [uid]


ZONES = ["Sun, 22 Nov 2026 23:59:00 -1200", "Mon, 23 Nov 2026 00:01:00 +1400", "Mon, 23 Nov 2026 23:59:00 -1200"]


@pytest.mark.parametrize(
    ("comparison", "expected"), [("before", ZONES[:1]), ("on", ZONES[1:3]), ("since", [*ZONES[1:], "24 Nov 2026 0:00"])]
)
def test_sent_dates_are_days_as_they_were_written(put, find, comparison, expected):
    texts = {}
    for text in [*ZONES, "24 Nov 2026 0:00", "never"]:
        texts[put(message().replace(b"Mon, 23 Nov 2026 10:00:00 +0000", text.encode()))] = text
    assert [texts[uid] for uid in find(Dated("sent", comparison, date(2026, 11, 23)))] == expected


@pytest.mark.parametrize("day", [date.min, date(1970, 1, 1), date.max])
def test_no_day_is_too_far_away(put, find, day):
    uid = put()
    for which in ("internal", "saved", "sent"):
        assert find(Dated(which, "on", day)) == []
        assert find(Dated(which, "since" if day.year < 2000 else "before", day)) == [uid]


def test_it_knows_how_old_messages_are(put, find):
    old, young = put(at=timezone.now() - timedelta(hours=2)), put(at=timezone.now())
    assert find(Age(3600, younger=True)) == [young]
    assert find(Age(3600, younger=False)) == [old]
    assert find(Age(2**40, younger=True)) == [old, young]


def test_it_knows_modseqs_and_ids(alice, inbox, put, find):
    one, two = put(), put()
    messages.set_flags(account_id=alice.pk, mailbox_id=inbox.pk, uids=[one], add=Flag.SEEN)
    assert find(ModSeq(entry(one).modseq)) == [one]
    assert find(ModSeq(2**63)) == []
    assert find(EmailId(objectids.email_id(entry(two).message_id))) == [two]
    assert find(ThreadId(objectids.thread_id(entry(one).thread_id))) == [one]
    assert find(EmailId("T1")) == find(ThreadId("elsewhere")) == []


HEADERS = [
    (("SUBJECT", "CRÊPE"), True),
    (("subject", "pe ni"), True),
    (("Subject", "bob"), False),
    (("SUBJECT", ""), True),
    (("SUBJECT", "%"), False),
    (("SUBJECT", "c_e"), False),
    (("FROM", "hamburger"), True),
    (("FROM", "Bob <bob@hamburger.edu>"), True),
    (("FROM", '"Bob" <BOB@'), True),
    (("FROM", "tomás"), True),
    (("FROM", "alice"), False),
    (("TO", "alice"), True),
    (("TO", "carol"), False),
    (("CC", "carol@"), True),
    (("CC", "alice"), False),
    (("BCC", "dave"), True),
    (("BCC", "carol"), False),
    (("X-Spam", "yes"), True),
    (("x-spam", ""), True),
    (("X-Spam", "bar"), False),
    (("X-Spam", "very much"), True),
    (("X-Spa", "yes"), False),
    (("X-Wörter", "yes"), False),
    (("Comments", "grüße aus"), True),
    (("Comments", "gruss"), True),
    (("Comments", "\\o/ 100%"), True),
    (("Comments", "=?utf-8"), False),
    (("Message-ID", "<Menu.1@hamburger.edu>"), True),
    (("Message-ID", "menu.1@"), True),
    (("Message-ID", "<menu"), True),
    (("Message-ID", "<Menu.1@hamburger.ed>"), False),
    (("Received", "x.pt"), False),
]


@pytest.mark.parametrize(("asked", "expected"), HEADERS, ids=[f"{name} {text}" for (name, text), _ in HEADERS])
@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
def test_it_finds_header_fields(put, find, asked, expected, long):
    """`long`: so many recipients that the folded column is cut, in front of whom is asked for."""
    many = "".join(f"Guest {number} <guest{number}@x.pt>, " for number in range(60)) if long else ""
    uid = put(
        sender="Bob <bob@hamburger.edu>, =?utf-8?q?Tom=C3=A1s?= <tomas@x.pt>",
        to=f"{many}Alice <alice@crepes.fr>",
        message_id="Menu.1@hamburger.edu",
        extra="Cc: Carol <carol@x.pt>\r\nBcc: Dave <dave@x.pt>\r\nX-Spam: yes, very\r\n\tmuch\r\n"
        "Comments: =?utf-8?b?R3LDvMOf?=\r\n =?utf-8?q?e?= aus Bremen \\o/ 100%\r\n",
    )
    put(sender="Eve <eve@x.pt>", to="Frank <frank@x.pt>", subject="Galette", message_id="other@x.pt")
    found = find(HeaderHas(*asked))
    assert (uid in found) is expected
    assert find(Not(HeaderHas(*asked))) == [other for other in find(All()) if other not in found]


def test_the_fields_that_delivery_added_are_in_the_header(put, find):
    uid = put()
    Message.objects.update(prefix=b"Delivered-To: alice@crepes.fr\r\n")
    assert find(HeaderHas("Delivered-To", "alice")) == find(TextHas("delivered-to: al")) == [uid]


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


def test_conditions_are_joined(put, find):
    crepe, galette = put(subject="Crêpe"), put(subject="Galette", flags=Flag.SEEN)
    seen, subject = HasFlag("\\Seen"), HeaderHas("SUBJECT", "crepe")
    assert find(Or(seen, subject)) == [crepe, galette]
    assert find(And((seen, subject))) == []
    assert find(And((Not(seen), subject, TextHas("saturday")))) == [crepe]
    assert find(And((TextHas("saturday"), Not(And((subject, TextHas("saturday"))))))) == [galette]
    assert find(And(())) == [crepe, galette]


def test_a_search_has_an_end(put, find, monkeypatch):
    put()
    monkeypatch.setattr(imapsearch_sql, "SECONDS", -1)
    with pytest.raises(SearchTooSlow):
        find(HeaderHas("X-Spam", "yes"))


def test_numbers_of_a_session_mean_nothing_here(find):
    with pytest.raises(TypeError):
        find(Numbers(((1, 1),)))
