from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.errors import InvalidName, MessageTooLarge, NotFound, OverQuota
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.compose import Attachment
from mailserver.mail.headers import Headers
from mailserver.services import draft_source, drafts, mailboxes, messages, undo
from mailserver.services.draft_content import Kept
from mailserver.services.draft_source import FORWARD, REPLY, Source
from mailserver.services.drafts import Writing
from mailserver.store.models import Mailbox, MailboxMessage
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message

ALICE = HeaderAddress("Alice", "alice@crepes.fr")
BOB = HeaderAddress("Bob", "bob@hamburger.edu")
LIST = Attachment(name="Liste à faire.txt", type="text/plain", data=b"cider\n", content_id="")
HELLO = Writing(sender=ALICE, to=[BOB], subject="Crêpe night", text="Seven?")


def in_drafts(account) -> list[MailboxMessage]:
    box = mailboxes.by_use(account.pk, Mailbox.Use.DRAFTS)
    return list(MailboxMessage.objects.filter(mailbox=box).select_related("message"))


def load(account, saved) -> drafts.Loaded:
    return drafts.load(account_id=account.pk, message_id=saved.message_id)


def test_it_keeps_a_draft_as_a_message(alice):
    drafts.save(account_id=alice.pk, writing_=HELLO)
    (entry,) = in_drafts(alice)
    assert entry.flags == Flag.DRAFT | Flag.SEEN
    assert (entry.message.subject, entry.message.from_address) == ("Crêpe night", "alice@crepes.fr")
    assert entry.message.recipients["to"] == [["Bob", "bob@hamburger.edu"]]


def test_it_replaces_the_version_before(alice):
    first = drafts.save(account_id=alice.pk, writing_=HELLO)
    second = drafts.save(account_id=alice.pk, writing_=replace(HELLO, text="Eight?"), replaces=first.message_id)
    third = drafts.save(account_id=alice.pk, writing_=replace(HELLO, text="Nine?"), replaces=first.message_id)
    (entry,) = in_drafts(alice)
    assert (entry.uid, entry.message_id) == (third.uid, third.message_id)
    assert second.uid < third.uid
    ids = {messages.get(alice.pk, saved.message_id).message_id for saved in (first, second, third)}
    assert len(ids) == 1
    assert mailboxes.by_use(alice.pk, Mailbox.Use.DRAFTS).total == 1


@pytest.mark.parametrize("html", ["", "<p>Seven?</p>"])
def test_it_reads_a_draft_back(alice, html):
    writing = replace(
        HELLO,
        cc=[HeaderAddress("Tomás, of Serralves", "tomas@serralves.pt")],
        bcc=[HeaderAddress("", "secret@hamburger.edu")],
        text="Seven?\n\nÀ samedi",
        html=html,
        receipt=True,
        uploads=[LIST],
    )
    loaded = load(alice, drafts.save(account_id=alice.pk, writing_=writing))
    assert replace(loaded.writing, kept=(), uploads=writing.uploads) == writing
    assert [(found.name, found.type, found.size) for found in loaded.holdings] == [
        ("Liste à faire.txt", "text/plain", 6)
    ]


def test_it_keeps_recipients_that_are_not_complete_yet(alice):
    writing = replace(HELLO, to=[HeaderAddress("bo", ""), HeaderAddress("", "tomas@serralves")])
    assert load(alice, drafts.save(account_id=alice.pk, writing_=writing)).writing.to == writing.to


def test_it_carries_attachments_from_version_to_version(alice):
    first = drafts.save(account_id=alice.pk, writing_=replace(HELLO, uploads=[LIST]))
    kept = load(alice, first).writing.kept
    second = drafts.save(account_id=alice.pk, writing_=replace(HELLO, kept=kept), replaces=first.message_id)
    part, data = messages.part(messages.get(alice.pk, second.message_id), load(alice, second).writing.kept[0].section)
    assert (part.type, data) == ("text/plain", b"cider\n")
    third = drafts.save(account_id=alice.pk, writing_=HELLO, replaces=second.message_id)
    assert load(alice, third).holdings == ()


def test_it_takes_no_attachment_of_another_account(alice, charlie):
    own = drafts.save(account_id=alice.pk, writing_=replace(HELLO, uploads=[LIST]))
    writing = replace(HELLO, sender=HeaderAddress("", "charlie@hamburger.edu"), kept=[Kept(own.message_id, "2")])
    with pytest.raises(NotFound):
        drafts.save(account_id=charlie.pk, writing_=writing)
    with pytest.raises(NotFound):
        drafts.load(account_id=charlie.pk, message_id=own.message_id)


def test_it_does_not_bring_a_discarded_draft_back(alice):
    saved = drafts.save(account_id=alice.pk, writing_=HELLO)
    step = drafts.discard(account_id=alice.pk, message_id=saved.message_id)
    with pytest.raises(NotFound):
        drafts.save(account_id=alice.pk, writing_=HELLO, replaces=saved.message_id)
    assert in_drafts(alice) == []
    undo.undo(account_id=alice.pk, step_id=step.pk)
    assert load(alice, saved).writing.subject == "Crêpe night"


def test_it_answers_in_the_conversation_of_the_original(alice):
    original = messages.get(alice.pk, delivered(alice).message_id)
    writing = replace(HELLO, subject="Re: Crêpe night", source=Source(REPLY, original.pk))
    saved = drafts.save(account_id=alice.pk, writing_=writing)
    again = drafts.save(account_id=alice.pk, writing_=load(alice, saved).writing, replaces=saved.message_id)
    for version in (saved, again):
        stored = messages.get(alice.pk, version.message_id)
        assert (set(stored.references), stored.thread_id) == ({original.message_id}, original.thread_id)
    assert load(alice, again).writing.source == Source(REPLY, original.pk)


def test_it_says_nothing_of_the_draft_in_what_is_sent(alice):
    original = delivered(alice)
    writing = replace(HELLO, bcc=[HeaderAddress("", "BOB@hamburger.edu")], source=Source(FORWARD, original.message_id))
    saved = drafts.save(account_id=alice.pk, writing_=writing)
    outgoing = drafts.outgoing(account_id=alice.pk, message_id=saved.message_id)
    headers = Headers(outgoing.raw)
    assert draft_source.FIELD not in headers
    assert headers.get("bcc") == "BOB@hamburger.edu"
    assert headers.get("message-id") == f"<{messages.get(alice.pk, saved.message_id).message_id}>"
    assert outgoing.recipients == ("BOB@hamburger.edu",)
    assert outgoing.place == (saved.mailbox_id, saved.uid)


@pytest.mark.parametrize(("kind", "flag"), [(REPLY, Flag.ANSWERED), (FORWARD, Flag.FORWARDED)])
def test_it_marks_what_was_answered(alice, charlie, kind, flag):
    place = delivered(alice)
    source = Source(kind, place.message_id)
    draft_source.mark(account_id=charlie.pk, source=source)
    entry = MailboxMessage.objects.get(mailbox_id=place.mailbox_id, uid=place.uid)
    assert entry.flags == 0
    draft_source.mark(account_id=alice.pk, source=source)
    entry.refresh_from_db()
    assert entry.flags == flag


def test_it_knows_what_a_draft_of_another_program_answers(alice):
    original = delivered(alice)
    raw = message(sender="alice@crepes.fr", reply_to=messages.get(alice.pk, original.message_id).message_id)
    box = mailboxes.by_use(alice.pk, Mailbox.Use.DRAFTS)
    filed = messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=raw, flags=Flag.DRAFT)
    outgoing = drafts.outgoing(account_id=alice.pk, message_id=filed.message_id)
    assert outgoing.source == Source(REPLY, original.message_id)
    assert Headers(outgoing.raw).get("in-reply-to") == f"<{messages.get(alice.pk, original.message_id).message_id}>"


@pytest.mark.parametrize(
    "fields",
    [
        {"subject": "x\r\nBcc: eve@evil.example"},
        {"to": [HeaderAddress("Bob\nBcc: eve@evil.example", "bob@hamburger.edu")]},
        {"uploads": [replace(LIST, name="a\r\nb")]},
    ],
)
def test_it_lets_nothing_leave_its_header_field(alice, fields):
    with pytest.raises(InvalidName):
        drafts.save(account_id=alice.pk, writing_=replace(HELLO, **fields))
    assert in_drafts(alice) == []


def test_it_refuses_what_could_not_be_sent_or_kept(alice, settings):
    big = replace(HELLO, uploads=[replace(LIST, data=b"x" * 20_000)])
    alice.quota = 10_000
    alice.save()
    with pytest.raises(OverQuota):
        drafts.save(account_id=alice.pk, writing_=big)
    settings.CORREIO = replace(settings.CORREIO, size_limit=10_000)
    with pytest.raises(MessageTooLarge):
        drafts.save(account_id=alice.pk, writing_=big)
