"""The demo's mail: the same every time, complete, and fit to be shown."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailserver.mail import addresses, dsn, structure
from mailserver.mail.html import sanitise
from mailserver.mail.message import parse
from mailserver.services import mailboxes, messages, recipients, threads
from mailserver.services.demo import attachments, people, sketches
from mailserver.services.demo.pdf import document
from mailserver.services.demo.seed import posts, seed
from mailserver.store.models import Account, Label, MailboxMessage, Message, QueueEntry, Thread
from mailserver.store.models.mailbox import Flag
from tests.support.lasting import lasting, settle

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2034, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The accounts by the name before the @, after seeding: once for all tests here, which only read."""
    with lasting(django_db_blocker):
        seed(password="crêpes au beurre salé", now=NOW)
        settle()
        yield {account.address.partition("@")[0]: account for account in Account.objects.all()}


def test_it_makes_the_same_octets_at_the_same_moment():
    assert posts(NOW) == posts(NOW)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(now=MOMENTS)
def test_it_looks_lived_in_at_any_moment(now):
    found = posts(now)
    moments = [post.at for post in found]
    assert moments == sorted(moments)
    assert moments[-1] < now
    assert now - moments[-1] < timedelta(hours=1)
    assert moments[0] > now - timedelta(days=510)
    assert sum(now - at < timedelta(days=7) for at in moments) > 30


@pytest.mark.parametrize("now", [datetime(2028, 2, 29, 0, 5, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)])
def test_it_knows_leap_days_and_new_years(now):
    assert max(post.at for post in posts(now)) < now


def test_it_gives_every_message_an_id_of_its_own():
    ids = [parse(post.raw).message_id for post in posts(NOW)]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_it_writes_messages_that_can_be_read():
    for post in posts(NOW):
        parsed = parse(post.raw)
        assert parsed.sender
        assert parsed.date == post.at
        assert "\ufffd" not in parsed.subject + parsed.preview
        assert parsed.preview or parsed.attachments, parsed.subject


def test_it_speaks_many_languages_in_many_charsets():
    by_subject = {parse(post.raw).subject: post.raw for post in posts(NOW)}
    for subject, words in {
        "喫茶店のメニューについて": "名古屋で小さな喫茶店",
        "高山茶與可麗餅": "請用九十度的水",
        "Сирене за вашите палачинки": "козе сирене",
        "מתכון בתמורה למתכון": "עוגת הגבינה",
        "Réunion des métiers de bouche, reportée": "de nouveau les poubelles",
        "Gözleme ile krep kardeş mi?": "Fransız kuzeni",
        "मसालों का नया डिब्बा": "हरी इलायची",
        "ماء الزهر لهذا الموسم": "عشر زجاجات",
    }.items():
        raw = by_subject[subject]
        (part,) = [part for part in structure.walk(parse(raw).root) if part.type == "text/plain"]
        assert words in structure.text(raw, part)


def test_it_fills_the_mailboxes(demo):
    kept = {name: MailboxMessage.objects.filter(account=account).count() for name, account in demo.items()}
    assert 330 <= kept["alice"] <= 420
    assert 120 <= kept["bob"] <= 190
    assert all(count > 5 for count in kept.values())


def test_it_does_nothing_the_second_time(demo):
    before = MailboxMessage.objects.count()
    assert seed(password="another", now=NOW).accounts == ()
    assert MailboxMessage.objects.count() == before
    assert demo["alice"].check_password("crêpes au beurre salé")


def test_it_makes_one_administrator(demo):
    assert [name for name, account in demo.items() if account.is_staff] == ["admin"]


def test_it_knows_aliases_and_a_catch_all(demo):
    def owner(address):
        return recipients.lookup(addresses.parse(address)).account_id

    assert owner("bonjour@crepes.fr") == demo["alice"].pk
    assert owner("anything@traiteur.crepes.fr") == demo["alice"].pk
    assert owner("alice+orders@crepes.fr") == demo["alice"].pk


def test_it_sorts_alices_mail(demo):
    boxes = {box.path: box for box in mailboxes.list_for(demo["alice"].pk)}
    assert {"Crêperie/Suppliers", "Crêperie/Recipes", "House", "Travel"} <= set(boxes)
    assert all(box.total for box in boxes.values())
    assert 5 <= boxes["INBOX"].unseen <= 25
    assert boxes["Spam"].unseen
    drafts = MailboxMessage.objects.filter(mailbox=boxes["Drafts"])
    assert all(entry.flags & Flag.DRAFT for entry in drafts)
    entries = MailboxMessage.objects.filter(account=demo["alice"])
    assert entries.filter(flags__gte=0).count() > 300
    for label in Label.objects.filter(account=demo["alice"]):
        assert entries.filter(keywords__contains=[label.pk]).exists(), label.name


def test_it_shows_a_page_of_conversations_newest_first(demo):
    page = threads.page(mailboxes.by_use(demo["alice"].pk, "inbox").pk)
    assert len(page.lines) == 50
    assert page.next
    assert page.lines[0].subject.endswith("Crêpe night on Saturday")
    assert [name for _, name, _ in page.lines[0].participants][-1].startswith("Bob")
    assert page.lines[0].starred


def test_it_joins_the_letters_of_a_conversation_with_the_answers(demo):
    for name in ("alice", "bob"):
        thread = Thread.objects.get(account=demo[name], base_subject="Chess, but slowly")
        letters = threads.conversation(demo[name].pk, thread.pk)
        assert [letter.message.from_address for letter in letters] == ["bob@hamburger.edu", "alice@crepes.fr"] * 4
        assert {letter.mailbox.path for letter in letters} == {"Sent", "Archive" if name == "alice" else "Chess"}


def test_it_opens_every_message(demo):
    for message in Message.objects.filter(account=demo["alice"]):
        raw = messages.raw(message)
        root = structure.from_json(message.parts)
        for part in structure.walk(root):
            if part.children:
                continue
            found, octets = messages.part(message, part.section)
            assert found.section == part.section
            if part.type == "text/html":
                sanitise(octets.decode(), remote=False, cid_url=lambda _: None)
        assert raw.endswith(bytes(message.blob.raw))


def test_it_hides_remote_pictures_in_newsletters():
    letter = next(post for post in posts(NOW) if b"sarrasin-hebdo" in post.raw)
    parsed = parse(letter.raw)
    html = next(part for part in structure.walk(parsed.root) if part.type == "text/html")
    clean = sanitise(structure.text(letter.raw, html), remote=False, cid_url=lambda _: None)
    assert clean.blocked_remote
    assert "List-Unsubscribe:" in letter.raw.decode()


def test_it_brings_a_letter_back(demo):
    (bounce,) = [post for post in posts(NOW) if post.sender == ""]
    report = dsn.parse(bounce.raw)
    assert [failure.recipient for failure in report.failures] == ["bob@hamburgr.edu"]
    letter = Message.objects.get(account=demo["alice"], message_id=report.original_message_id)
    assert letter.subject == "Did you pack the spreaders?"


def test_it_sends_one_letter_for_real(demo):
    entry = QueueEntry.objects.get()
    assert entry.sent_copy.subject == "Who sits where"
    assert {(row.domain, row.state) for row in entry.recipients.all()} == {
        ("hamburger.edu", "queued"),
        ("crepes.fr", "queued"),
    }


def test_it_draws_pictures_that_are_whole():
    for kind in sketches.KINDS:
        png = sketches.png(kind)
        width, height = struct.unpack(">II", png[16:24])
        start = png.index(b"IDAT")
        (size,) = struct.unpack(">I", png[start - 4 : start])
        assert len(zlib.decompress(png[start + 4 : start + 4 + size])) == height * (width * 3 + 1)


def test_it_writes_documents_whose_table_of_contents_is_right():
    pdf = document("Orçamento (três)", ["mármore \\ granito", "抹茶"])
    start = int(re.search(rb"startxref\n(\d+)\n", pdf)[1])
    assert pdf[start:].startswith(b"xref")
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n", pdf), 1):
        assert pdf[int(offset) :].startswith(b"%d 0 obj" % number)
    assert "mármore \\\\ granito".encode("cp1252") in pdf


def test_it_packs_archives_that_open():
    octets = attachments.archive({"a/b.txt": b"butter"})
    assert zipfile.ZipFile(io.BytesIO(octets)).read("a/b.txt") == b"butter"
    assert octets == attachments.archive({"a/b.txt": b"butter"})


def test_it_invites_with_calendars_that_calendars_understand():
    found = []
    for post in posts(NOW):
        for part in structure.walk(parse(post.raw).root):
            if part.type == "text/calendar":
                found.append(icalendar.Calendar.from_ical(structure.content(post.raw, part)))
    requests = [calendar for calendar in found if calendar["METHOD"] == "REQUEST"]
    assert len(requests) == 3
    night = next(event for calendar in requests for event in calendar.walk("VEVENT") if "night" in event["SUMMARY"])
    assert night["DTSTART"].dt == datetime(2026, 11, 28, 18, tzinfo=UTC)
    assert len(night["ATTENDEE"]) == 4


def test_it_names_people_the_accounts_know():
    assert set(people.ALIASES.values()) <= set(people.ACCOUNTS)
