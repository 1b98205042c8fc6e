"""Mail made to cost: every page of it answers with a bounded number of queries and octets. (No clock is asked.)"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mailserver.mail import html
from mailserver.mail.message import parse
from mailserver.services import mailboxes, messages
from mailserver.services.filing import Filing, file
from mailserver.store import blobs
from mailserver.store.models import Account, Message
from mailserver.store.writer import writing
from tests.webmail.reading import box, page, signed_in, texts
from webmail.rendering import conversation, frames, text

TOP = "From: Bob <bob@hamburger.edu>\r\nTo: alice@crepes.fr\r\nSubject: Bomb\r\nMIME-Version: 1.0\r\n"
PAGES = ("frame", "path", "card", "reply-all", "forward", "source")
# Of a page of any message. A usual one takes 14 queries and 20 KB.
MOST_QUERIES, MOST_OCTETS = 30, 7 * 1024 * 1024


def nested(depth: int) -> str:
    body = "Content-Type: text/plain\r\n\r\nhi\r\n"
    for level in range(depth):
        body = f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n{body}\r\n--b{level}--\r\n"
    return TOP + body


def enclosed(depth: int) -> str:
    return (TOP + "Content-Type: message/rfc822\r\n\r\n") * depth + TOP + "\r\nhi\r\n"


def parts(number: int, kind: str) -> str:
    inside = "".join(f"--b\r\n{kind}\r\n\r\npart {index}\r\n" for index in range(number))
    return f"{TOP}Content-Type: multipart/mixed; boundary=b\r\n\r\n{inside}--b--\r\n"


def header(name: str, value: str) -> str:
    return f"{name}: {value}\r\n{TOP}\r\nhi\r\n"


def body(kind: str, content: str) -> str:
    return f"{TOP}Content-Type: {kind}\r\n\r\n{content}\r\n"


PNG_FILE = "Content-Type: image/png; name=a.png\r\nContent-Disposition: attachment"
BOMBS: dict[str, Callable[[], str]] = {
    "50 levels": lambda: nested(50),
    "500 levels": lambda: nested(500),
    "60 messages in each other": lambda: enclosed(60),
    "1,000 parts of text": lambda: parts(1000, "Content-Type: text/plain"),
    "1,000 parts of HTML": lambda: parts(1000, "Content-Type: text/html"),
    "1,000 attachments": lambda: parts(1000, PNG_FILE),
    "1,000 calendars": lambda: parts(1000, "Content-Type: text/calendar"),
    "5,000 parts": lambda: parts(5000, "Content-Type: text/plain"),
    "header of 256 KB": lambda: header("X-Long", "y" * 256 * 1024),
    "header of 4,000 fields": lambda: header("X-0", "\r\n".join(f"0\r\nX-{n}: {'y' * 50}" for n in range(4000))),
    "subject of 200 KB": lambda: header("Subject", "s" * 200_000),
    "8,000 encoded words": lambda: header("Subject", "\r\n ".join(["=?utf-8?q?a=C3=A9?="] * 8000)),
    "10,000 recipients": lambda: header("To", ",\r\n ".join(f"P {n} <p{n}@hamburger.edu>" for n in range(10_000))),
    "10,000 references": lambda: header("References", "\r\n ".join(f"<r{n}@x>" for n in range(10_000))),
    "3,000 name pieces": lambda: body("text/plain;" + "".join(f" name*{n}=a;\r\n" for n in range(3000)) + " x=y", "hi"),
    "1 MB of HTML": lambda: body("text/html", "<p>hello <b>world</b></p>\r\n" * 40_000),
    "unclosed fonts": lambda: body("text/html", "<p><font color=1></p>\r\n" * 40_000),
    "nested tables": lambda: body("text/html", "<table><tr><td>" * 2000),
    "nested quotes": lambda: body("text/html", "<p>words enough of my own</p>" + "<blockquote>" * 2000),
    "20,000 pictures": lambda: body("text/html", "<img src=http://a/b>" * 20_000),
    "unclosed comments": lambda: body("text/html", "<!--" * 200_000),
    "1 MB of <": lambda: body("text/html", "<" * 1_000_000),
    "1 MB of links": lambda: body("text/plain", "see http://x.example/ or a@b.example\r\n" * 25_000),
    "1 MB of >": lambda: body("text/plain", ">" * 1_000_000),
    "quotes and answers in turn": lambda: body("text/plain", ">x\r\nx\r\n" * 150_000),
    "flowed for ever": lambda: body("text/plain; format=flowed; delsp=yes", "x \r\n" * 250_000),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_it_shows_any_message_with_bounded_work(alice, name):
    raw = BOMBS[name]().encode()
    filed = messages.append(account_id=alice.pk, mailbox_id=box(alice).pk, raw=raw)
    message = Message.objects.get(pk=filed.message_id)
    assert len(str([message.parts, message.recipients, message.attachments])) < 250_000
    assert len(message.subject) < 5000
    browser = signed_in(alice)
    urls = [
        "/",
        f"/mail/{filed.mailbox_id}/{message.thread_id}/",
        *(f"/message/{filed.message_id}/{page}/" for page in PAGES),
    ]
    for url in urls:
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(url)
        assert answer.status_code == 200, url
        assert len(queries) <= MOST_QUERIES, url
        assert len(answer.content) <= MOST_OCTETS, url


def thread_of(account, number: int, content: str, kind: str = "text/plain") -> str:
    """One conversation of so many unread messages; its page."""
    inbox, ids = box(account), [f"Message-ID: <b{index}@x>\r\nReferences: <b0@x>\r\n" for index in range(number)]
    raws = [(top + body(kind, content)).encode() for top in ids]
    with writing([inbox.pk]) as writer:
        stored = zip(blobs.put(raws), raws, strict=True)
        filed = file(writer, [Filing(inbox.pk, blob, parse(raw), timezone.now()) for blob, raw in stored])
    assert len({item.thread_id for item in filed}) == 1
    return f"/mail/{inbox.pk}/{filed[0].thread_id}/"


@pytest.mark.slow
def test_it_opens_as_many_of_500_unread_messages_as_it_has_room_for(alice):
    url = thread_of(alice, 500, "hello")
    with CaptureQueriesContext(connection) as queries:
        answer = signed_in(alice).get(url)
    tree = page(answer)
    assert len(tree.css("article.msg")) == 500
    assert len(tree.css("article.msg:not(.folded)")) == conversation.MAX_OPEN + 1, "and the newest"
    assert len(queries) <= 2 * conversation.MAX_OPEN + MOST_QUERIES
    assert len(answer.content) < MOST_OCTETS


def test_it_opens_no_more_than_so_much_text_at_once(alice):
    url = thread_of(alice, 12, "<p>" + "words " * 60_000, "text/html")
    tree = page(signed_in(alice).get(url))
    opened = len(tree.css("iframe"))
    assert opened == conversation.MAX_OPEN_TEXT // 360_000 + 1
    (newest,) = texts(tree, "article.msg:last-child .who time")
    assert newest
    folded = tree.css("article.folded a.unfold")
    assert len(folded) + opened == 12


def test_it_opens_no_more_when_the_address_names_them_all(alice):
    url = thread_of(alice, 100, "hello")
    every = list(Message.objects.filter(account=alice).values_list("pk", flat=True))
    answer = signed_in(alice).get(url, {"open": every, "images": every})
    assert len(page(answer).css("article.msg:not(.folded)")) <= conversation.MAX_OPEN + 1


def test_it_reads_neighbouring_parts_together_and_no_more_than_asked(alice):
    raw = parts(50, "Content-Type: text/plain").encode()
    filed = messages.append(account_id=alice.pk, mailbox_id=mailboxes.by_use(alice.pk, "inbox").pk, raw=raw)
    message = Message.objects.get(pk=filed.message_id)
    leaves = [messages.part(message, str(number))[0] for number in range(1, 51)]
    with CaptureQueriesContext(connection) as queries:
        found = messages.contents(message, leaves, limit=10_000)
    assert len(queries) == 1
    assert found == [f"part {number}".encode() for number in range(50)]
    assert b"".join(messages.contents(message, leaves, limit=10)) == b"part 0part"
    assert messages.contents(message, [], limit=10) == []


def test_it_reads_parts_far_apart_without_what_is_between(alice):
    between = "x" * 300_000
    inside = "".join(
        f"--b\r\nContent-Type: {kind}\r\n\r\n{content}\r\n"
        for kind, content in (("text/plain", "one"), ("application/zip", between), ("text/plain", "two"))
    )
    raw = f"{TOP}Content-Type: multipart/mixed; boundary=b\r\n\r\n{inside}--b--\r\n".encode()
    filed = messages.append(account_id=alice.pk, mailbox_id=box(alice).pk, raw=raw)
    message = Message.objects.get(pk=filed.message_id)
    leaves = [messages.part(message, section)[0] for section in ("1", "3")]
    with CaptureQueriesContext(connection) as queries:
        assert messages.contents(message, leaves, limit=100) == [b"one", b"two"]
    assert len(queries) == 2


def test_it_shows_all_html_of_a_message_up_to_one_megabyte(alice):
    inside = "".join(f"--b\r\nContent-Type: text/html\r\n\r\n<p>{'word ' * 100_000}</p>\r\n" for _ in range(6))
    raw = f"{TOP}Content-Type: multipart/mixed; boundary=b\r\n\r\n{inside}--b--\r\n".encode()
    filed = messages.append(account_id=alice.pk, mailbox_id=box(alice).pk, raw=raw)
    found = frames.frame(Message.objects.get(pk=filed.message_id))
    assert 900_000 < len(found.html) <= html.MAX_HTML + 1000


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
def test_it_opens_conversations_with_appointments_at_the_end_of_time(alice, zone):
    """Whoever knows a Message-ID could otherwise make the conversation it stands in impossible to open."""
    Account.objects.filter(pk=alice.pk).update(time_zone=zone)
    browser = signed_in(Account.objects.get(pk=alice.pk))
    ends = [
        ":00010101T000000Z",
        ":99991231T235959Z",
        ";VALUE=DATE:00010101",
        ";TZID=x/y:99991231T235959",
        ":20261201T100000",
    ]
    for start, end in itertools.product(ends, ends):
        calendar = f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART{start}\r\nDTEND{end}\r\nEND:VEVENT\r\nEND:VCALENDAR"
        raw = body("text/calendar; method=REQUEST", calendar).encode()
        filed = messages.append(account_id=alice.pk, mailbox_id=box(alice).pk, raw=raw)
        assert browser.get(f"/message/{filed.message_id}/card/").status_code == 200, (start, end)


@pytest.mark.parametrize(
    "date", ["Mon, 1 Jan 0001 00:00:00 +2359", "Fri, 31 Dec 9999 23:59:59 -2359", "1 Jan 99999 0:0 +0", "x"]
)
def test_it_shows_mail_of_any_date(alice, date):
    Account.objects.filter(pk=alice.pk).update(time_zone="Pacific/Kiritimati")
    raw = f"Received: from a by b; {date}\r\nDate: {date}\r\n{TOP}\r\nhi".encode()
    filed = messages.append(account_id=alice.pk, mailbox_id=box(alice).pk, raw=raw)
    browser = signed_in(Account.objects.get(pk=alice.pk))
    for url in ("/", *(f"/message/{filed.message_id}/{kind}/" for kind in ("card", "path", "reply", "forward"))):
        assert browser.get(url).status_code == 200


def test_it_shows_no_sound_as_letters(alice):
    inside = (
        "--b\r\nContent-Type: text/html\r\n\r\n<p>Listen</p>\r\n--b\r\nContent-Type: audio/wav\r\n\r\nRIFFnoise\r\n"
    )
    raw = f"{TOP}Content-Type: multipart/mixed; boundary=b\r\n\r\n{inside}--b--\r\n".encode()
    filed = messages.append(account_id=alice.pk, mailbox_id=box(alice).pk, raw=raw)
    assert "RIFF" not in frames.frame(Message.objects.get(pk=filed.message_id)).html


def test_it_keeps_the_end_of_a_text_that_changes_its_mind_too_often():
    found = text.pieces(">x\ny\n" * 2000 + "the end")
    assert len(found) <= text.MAX_RUNS + 1
    assert found[-1].html.endswith("the end")
