"""The way in of a received message, from what our own server noted when it took it."""

from __future__ import annotations

from mailserver.mail.senderauth.words import Told
from mailserver.services import path_words as words
from mailserver.services import sendercheck
from mailserver.services.path import Fact, Step, Way
from mailserver.store.models import Event, Mailbox, MailboxMessage, Message
from mailserver.store.models.mailbox import Flag


def way_in(message: Message, stored: Event) -> Way:
    """What we saw: the call of the other server, the filing, and whether you have read it."""
    detail = stored.detail
    sender = str(detail.get("sender") or message.from_address)
    author = words.called(message.from_name, message.from_address or "somebody")
    there = sender.rpartition("@")[2] or str(detail.get("helo", "")) or "another server"
    here = stored.recipient.rpartition("@")[2]
    told = sendercheck.told(message)
    steps = (
        _written(message, author),
        _unseen(2, "Handed over", f"{words.whose(author)} server took it", there),
        _unseen(3, "Queue", "It waited there", there),
        _came(stored, there, told),
        _filed(message, stored),
        _opened(message),
    )
    headline = f"It came from {there} and is in your mailbox."
    lead = "What happened before our server was called, we have only from the message itself; the rest we saw."
    return Way(0, stored.recipient, "", "received", headline, lead, here, there, lambda: steps)


def _written(message: Message, author: str) -> Step:
    facts = (Fact(f"From {message.from_address}"),) if message.from_address else ()
    said = "The date is what the message says of itself." if message.sent_at else "The message does not say when."
    return Step(
        number=1,
        short="Written",
        title=f"{author} wrote it",
        sentence=said,
        state="done" if message.sent_at else "todo",
        at=message.sent_at,
        mark=words.stamp(message.sent_at) if message.sent_at else "",
        facts=facts,
    )


def _unseen(number: int, short: str, title: str, there: str) -> Step:
    return Step(number, short, title, f"That happened at {there}; we did not see it.", "todo")


def _came(stored: Event, there: str, told: Told | None) -> Step:
    detail = stored.detail
    peer, helo, tls = (str(detail.get(key, "")) for key in ("peer", "helo", "tls"))
    protocol = str(detail.get("protocol", ""))
    if protocol == "LOCAL":
        title, sentence = "No call was needed", "Both mailboxes are on this server, so the message never left it."
        facts = [Fact(f"{detail.get('size', 0):,} bytes")]
    else:
        title = f"{helo or there} called our server"
        sentence = f"It said “I am {helo or 'nobody'}” and handed the message over by {protocol}."
        facts = [Fact(f"Encrypted, {tls}", "secure") if tls else Fact("Not encrypted")]
        facts += [Fact(peer, "code")] if peer else []
        facts += [Fact(f"{detail.get('size', 0):,} bytes")]
        facts += [Fact(f"Checked: {told.text}")] if told else []
        sentence = f"{sentence} {told.warning}" if told and told.warning else sentence
    return Step(
        4, "Between servers", title, sentence, "done", stored.at, mark=words.stamp(stored.at), facts=tuple(facts)
    )


def _filed(message: Message, stored: Event) -> Step:
    places = MailboxMessage.objects.filter(message=message).values_list("mailbox__path", "mailbox__special_use")
    now = words.listed([Mailbox.Use(use).label if use else path for path, use in places])
    sentence = f"It is in {now} now." if now else "It has been deleted since."
    facts = [Fact(f"For {stored.recipient}"), Fact(f"Stored as {stored.reference}", "code")]
    passed = Event.objects.filter(message=message, kind=Event.Kind.FORWARDED).order_by("at", "id")
    facts += [Fact(f"Also passed on to {event.recipient}") for event in passed]
    return Step(5, "Mailbox", "It was put in your mailbox", sentence, "done", stored.at, "+0.00 s", "", tuple(facts))


def _opened(message: Message) -> Step:
    entries = MailboxMessage.objects.filter(message=message)
    seen = any(flags & Flag.SEEN for flags in entries.values_list("flags", flat=True))
    told = Event.objects.filter(message=message, kind=Event.Kind.RECEIPT_SENT).order_by("at").first()
    if told:
        return Step(6, "Read", "You read it", "You let the sender know with a receipt.", "done", told.at)
    if seen:
        return Step(6, "Read", "You read it", "The sender is not told.", "done")
    return Step(6, "Read", "You read it", "Not yet. The sender is not told when you do.", "todo")
