"""Reading stored messages again: what is rewritten, what stays, and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from mailserver.errors import NotFound
from mailserver.mail import imapforms, structure, surrogate
from mailserver.mail.message import PARSER_VERSION
from mailserver.services import inbound, messages, parsed_columns, reparse, searchindex
from mailserver.services.recipients import Local
from mailserver.store import blobs
from mailserver.store.models import Mailbox, Message, SearchDocument, SearchPending, ThreadBox
from tests.support.mail import delivered, message

pytestmark = pytest.mark.django_db

OLD = PARSER_VERSION - 1
# What a parser that knew nothing left of a message.
NOTHING = {
    "sent_at": None,
    "subject": "",
    "from_name": "",
    "from_address": "",
    "recipients": {},
    "message_id": "",
    "references": [],
    "preview": "",
    "has_attachments": True,
    "attachments": [["a", "b", 1, "2"]],
    "envelope": None,
    "body": None,
    "bodystructure": None,
    "parts": {},
    "header_block": b"",
    "header": "",
    "header_cut": True,
    "parser_version": OLD,
}


def aged(*places, **columns) -> None:
    """Leave the messages as an older parser would have."""
    Message.objects.filter(pk__in=[place.message_id for place in places]).update(parser_version=OLD, **columns)


def stored(place) -> dict[str, object]:
    row = Message.objects.filter(pk=place.message_id).values().get()
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}


def versions() -> list[int]:
    return list(Message.objects.order_by("pk").values_list("parser_version", flat=True))


def test_filing_keeps_the_forms_of_the_message_without_its_trace(alice):
    raw = message(subject="Menu", message_id="1@hamburger.edu")
    row = messages.get(alice.pk, delivered(alice, raw).message_id)
    assert bytes(row.prefix)
    forms = reparse.forms_of(row)
    assert forms == imapforms.forms(raw, structure.scan(raw))
    assert b'"Menu"' in forms.envelope
    assert forms.bodystructure.startswith(b'("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 26 1')


def test_one_message_to_many_is_rendered_once(alice, bob, monkeypatch):
    made = []
    monkeypatch.setattr("mailserver.mail.message.forms", lambda *given: made.append(given) or imapforms.forms(*given))
    people = tuple(Local(person.pk, person.address) for person in (alice, bob))
    inbound.deliver(inbound.Incoming(raw=message(), sender="x@y.org", recipients=people, helo="y.org"))
    assert len(made) == 1
    first, second = Message.objects.all()
    assert reparse.forms_of(first) == reparse.forms_of(second)


def test_it_knows_every_column_that_parsing_fills():
    assert set(NOTHING) == set(parsed_columns.TYPES)


def test_it_rewrites_all_that_parsing_fills_and_nothing_else(alice):
    place, other = delivered(alice, extra="Cc: Ana <ana@x.pt>\r\nReferences: <a@b>\r\n"), delivered(alice)
    before, untouched = stored(place), stored(other)
    Message.objects.filter(pk=place.message_id).update(**NOTHING)
    assert reparse.sweep() == 1
    assert stored(place) == before
    assert stored(other) == untouched
    assert reparse.sweep() == 0


def test_the_conversation_stays(alice):
    place = delivered(alice, subject="Menu", message_id="1@hamburger.edu")
    answer = delivered(alice, subject="Re: Menu", reply_to="1@hamburger.edu")
    thread = Message.objects.get(pk=place.message_id).thread_id
    aged(place, answer, references=[], subject="Another")
    assert reparse.sweep() == 2
    assert set(Message.objects.values_list("thread_id", flat=True)) == {thread}


def test_the_line_of_the_conversation_says_what_was_found(alice):
    place = delivered(alice, subject="Menu")
    box = Mailbox.objects.get(pk=place.mailbox_id)
    before = ThreadBox.objects.filter(mailbox=box).values().get()
    aged(place, subject="?", preview="?", from_name="?")
    ThreadBox.objects.filter(mailbox=box).update(subject="?", preview="?", participants=[])
    reparse.sweep()
    assert ThreadBox.objects.filter(mailbox=box).values().get() == before


def test_nothing_in_the_folder_changes(alice):
    place = delivered(alice)
    before = Mailbox.objects.filter(pk=place.mailbox_id).values().get()
    aged(place, subject="?")
    reparse.sweep()
    assert Mailbox.objects.filter(pk=place.mailbox_id).values().get() == before


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"envelope": None, "body": None, "bodystructure": None}, False),
        ({"preview": "?", "header": "?", "message_id": "?"}, False),
        ({"subject": "?"}, True),
        ({"from_name": "?"}, True),
        ({"recipients": {"to": []}}, True),
        ({"attachments": [["a.pdf", "application/pdf", 3, "2"]]}, True),
        ({"parts": {"o": [0, 0, 0]}}, True),
    ],
)
def test_the_search_index_is_told_of_what_it_reads(alice, columns, told):
    place = delivered(alice)
    searchindex.sweep()
    aged(place, **columns)
    reparse.sweep()
    assert list(SearchPending.objects.values_list("message_id", "account_id")) == (
        [(place.message_id, alice.pk)] if told else []
    )
    assert searchindex.sweep() == told
    assert SearchDocument.objects.filter(message_id=place.message_id).exists()


def test_what_waits_for_the_search_index_already_waits_once(alice):
    place = delivered(alice)
    aged(place, subject="?")
    reparse.sweep()
    assert SearchPending.objects.count() == 1


def test_a_batch_ends_with_so_many_messages_or_octets(alice, monkeypatch):
    places = [delivered(alice) for _ in range(5)]
    aged(*places)
    monkeypatch.setattr(reparse, "BATCH", 2)
    newest = [place.message_id for place in reversed(places)]
    assert reparse.read_again() == newest[:2]
    monkeypatch.setattr(reparse, "BATCH_OCTETS", 1)
    assert reparse.read_again() == newest[2:3]
    assert versions() == [OLD, OLD, *[PARSER_VERSION] * 3]


def test_a_sweep_stops_when_its_time_is_over(alice, monkeypatch):
    aged(*[delivered(alice) for _ in range(3)])
    monkeypatch.setattr(reparse, "BATCH", 1)
    monkeypatch.setattr(reparse, "SWEEP", timedelta(seconds=-1))
    assert [reparse.sweep() for _ in range(4)] == [1, 1, 1, 0]


@pytest.mark.parametrize("fault", [ValueError("damaged"), RecursionError(), NotFound("gone")])
def test_a_message_that_cannot_be_read_keeps_what_it_had_and_blocks_no_other(alice, monkeypatch, caplog, fault):
    first, broken = delivered(alice), delivered(alice)
    aged(first, broken, subject="Before")
    bad, real = Message.objects.get(pk=broken.message_id).blob_id, blobs.read

    def read(blob_id):
        if blob_id == bad:
            raise fault
        return real(blob_id)

    monkeypatch.setattr(blobs, "read", read)
    assert reparse.sweep() == 2
    assert list(Message.objects.order_by("pk").values_list("subject", flat=True)) == ["Crêpe night", "Before"]
    assert versions() == [PARSER_VERSION] * 2
    assert [line.getMessage() for line in caplog.records] == [f"message {broken.message_id} cannot be read again"]


def test_what_the_database_does_not_take_harms_no_other(alice, monkeypatch, caplog):
    first, broken = delivered(alice), delivered(alice, subject="Broken")
    aged(first, broken, preview="Before")
    real = parsed_columns.values

    def values(parsed, raw):
        return real(parsed, raw) | ({"preview": "\0"} if parsed.subject == "Broken" else {})

    monkeypatch.setattr(parsed_columns, "values", values)
    assert reparse.sweep() == 2
    assert list(Message.objects.order_by("pk").values_list("preview", flat=True)) == [
        "Saturday at seven it is.",
        "Before",
    ]
    assert versions() == [PARSER_VERSION] * 2
    assert "cannot be read again" in caplog.text


def test_it_learns_the_size_for_readers_without_utf8(alice):
    places = [delivered(alice, message(subject=subject)) for subject in ("Crêpes", "Pancakes")]
    known = [stored(place)["surrogate_size"] for place in places]
    row = messages.get(alice.pk, places[0].message_id)
    raw = blobs.read(row.blob_id)
    assert known == [row.size + surrogate.growth(surrogate.edits(raw)), None]
    aged(*places, surrogate_size=None)
    assert reparse.sweep() == 2
    assert [stored(place)["surrogate_size"] for place in places] == known


def test_the_index_holds_what_is_to_be_read_again(alice):
    delivered(alice)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Message.objects.filter(parser_version__lt=PARSER_VERSION, pk__lt=1 << 62).order_by("-pk")[:9].explain()
    assert "message_outdated" in plan


@pytest.mark.parametrize("missing", ["envelope", "body", "bodystructure"])
def test_forms_that_are_missing_are_made_from_the_octets(alice, missing):
    place = delivered(alice, extra="X: ü\r\n", sender="Zoë <zoe@x.org>")
    expected = reparse.forms_of(messages.get(alice.pk, place.message_id))
    aged(place, **{missing: None})
    assert reparse.forms_of(messages.get(alice.pk, place.message_id)) == expected


def test_the_command_reads_all_of_them(alice, monkeypatch, capsys):
    monkeypatch.setattr(reparse, "BATCH", 2)
    monkeypatch.setattr(reparse, "SWEEP", timedelta(seconds=-1))
    aged(*[delivered(alice) for _ in range(5)])
    call_command("reparse")
    assert capsys.readouterr().out == "messages read again: 5\n"
    assert versions() == [PARSER_VERSION] * 5
