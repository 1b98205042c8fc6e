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
from mailserver.services import flags, imapsearch, imapsearch_sql, messages
from mailserver.store.models import Label, MailboxMessage
from mailserver.store.models.mailbox import Flag
from tests.support.mail import message

pytestmark = pytest.mark.django_db
NOVEMBER = datetime(2026, 11, 23, 12, tzinfo=UTC)


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
    assert set(flags.BITS.values()) == set(Flag)


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
