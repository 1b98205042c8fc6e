"""Answering and passing on: who gets it, from which address, under which subject, and what is quoted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from django.utils import timezone

from mailserver.errors import InvalidName, NotFound
from mailserver.mail import addresses, compose, quoting
from mailserver.mail.addresses import HeaderAddress, base_local
from mailserver.mail.message import parse
from mailserver.services import draft_content, messages
from mailserver.services.accounts import own_addresses
from mailserver.services.draft_content import Holding
from mailserver.services.draft_source import FORWARD, REPLY, Source
from mailserver.services.drafts import Writing
from mailserver.store.models import Account, Message


@dataclass(frozen=True, slots=True)
class Quote:
    """What stands below one's own words, as plain and as rich text."""

    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Start:
    """What a writer opens with: fields, the folded quote, and attachments that go along."""

    writing: Writing
    quote: Quote | None
    holdings: Sequence[Holding] = ()


def reply(account: Account, message: Message, *, everyone: bool) -> Start:
    """An answer to a message's author, or to everybody it went to."""
    own = own_addresses(account.pk)
    to, cc = recipients(message, own, everyone=everyone)
    source = Source(REPLY, message.pk)
    writing = Writing(
        sender=HeaderAddress(account.name, sender(message, own)),
        to=to,
        cc=cc,
        subject=compose.reply_subject(message.subject),
        source=source,
    )
    return Start(writing, quote_of(account, source))


def forward(account: Account, message: Message) -> Start:
    """A message passed on, with its attachments."""
    own = own_addresses(account.pk)
    source = Source(FORWARD, message.pk)
    content = draft_content.read(messages.raw(message))
    held = draft_content.holdings(content.attachments, message.pk)
    writing = Writing(
        sender=HeaderAddress(account.name, sender(message, own)),
        subject=compose.forward_subject(message.subject),
        source=source,
        kept=[holding.kept for holding in held],
    )
    return Start(writing, quote_of(account, source), held)


def again(account: Account, message: Message, addresses: Sequence[str]) -> Start:
    """A message of one's own once more, to some of those it was for, each in the field where they were."""
    content = draft_content.read(messages.raw(message))
    held = draft_content.holdings(content.attachments, message.pk)
    wanted = {address.casefold(): address for address in addresses}
    fields: dict[str, list[HeaderAddress]] = {"to": [], "cc": [], "bcc": []}
    for kind, chosen in fields.items():
        for person in _people(message, kind):
            if wanted.pop(person.address.casefold(), None):
                chosen.append(person)
    writing = Writing(
        sender=HeaderAddress(account.name, sender(message, own_addresses(account.pk))),
        to=fields["to"] + [HeaderAddress("", address) for address in wanted.values()],
        cc=fields["cc"],
        bcc=fields["bcc"],
        subject=message.subject,
        text=content.text,
        html=content.html,
        kept=[holding.kept for holding in held],
    )
    return Start(writing, None, held)


def sender(message: Message, own: Sequence[str]) -> str:
    """The own address a message was written to, with its +detail taken off; else the primary one."""
    known = {address.casefold(): address for address in own}
    for person in (*_people(message, "to"), *_people(message, "cc"), HeaderAddress("", message.from_address)):
        key = _own_key(person.address)
        if key in known:
            return known[key]
    return own[0] if own else ""


def recipients(
    message: Message, own: Collection[str], *, everyone: bool
) -> tuple[list[HeaderAddress], list[HeaderAddress]]:
    """To and Cc of an answer: Reply-To before From; never oneself, unless nobody else is there.

    An answer to one's own message goes to those it was sent to. Nobody is named twice.
    """
    mine = {address.casefold() for address in own}
    author = HeaderAddress(message.from_name, message.from_address)
    answered = _people(message, "reply_to") or ([author] if author.address else [])
    if _own_key(author.address) in mine:
        answered = _people(message, "to") or answered
    to = _others(answered, mine, set()) or answered[:1]
    if not everyone:
        return to, []
    taken = {person.address.casefold() for person in to}
    return to, _others([*_people(message, "to"), *_people(message, "cc")], mine, taken)


def quote_of(account: Account, source: Source) -> Quote | None:
    """The quote of a source; the same source always gives the same. None when it is gone or has no text."""
    try:
        message = messages.get(account.pk, source.message_id)
    except NotFound:
        return None
    raw, zone = messages.raw(message), timezone.get_current_timezone()
    return _quote(raw, source.kind, zone)


def fold_from(account: Account, writing: Writing) -> tuple[Quote | None, Writing]:
    """A saved draft with its quote taken off again, when it still stands below the text untouched."""
    quote = quote_of(account, writing.source) if writing.source else None
    if quote is None:
        return None, writing
    text, below = _normal(writing.text), _normal(below_text(quote))
    html = writing.html.removesuffix(quote.html.strip())
    if not text.endswith(below) or (writing.html and html == writing.html):
        return None, writing
    return quote, replace(writing, text=text.removesuffix(below).rstrip("\n"), html=html)


def below_text(quote: Quote) -> str:
    """The plain quote with the empty line that sets it off."""
    return f"\n\n{quote.text}"


def _quote(raw: bytes, kind: str, zone: tzinfo) -> Quote:
    parsed = parse(raw)
    text, html = quoting.original_text(raw, parsed.root), quoting.original_html(raw, parsed.root)
    if kind == FORWARD:
        return Quote(quoting.forward_text(parsed, text, zone=zone), quoting.forward_html(parsed, html, zone=zone))
    return Quote(quoting.quote_text(parsed, text, zone=zone), quoting.quote_html(parsed, html, zone=zone))


def _normal(text: str) -> str:
    """Text as it comes back from a saved message."""
    return text.replace("\r\n", "\n").rstrip("\n")


def _people(message: Message, name: str) -> list[HeaderAddress]:
    return [HeaderAddress(shown, address) for shown, address in message.recipients.get(name, ()) if address]


def _others(people: Iterable[HeaderAddress], mine: Collection[str], taken: set[str]) -> list[HeaderAddress]:
    found = []
    for person in people:
        key = person.address.casefold()
        if key not in taken and _own_key(person.address) not in mine:
            taken.add(key)
            found.append(person)
    return found


def _own_key(address: str) -> str:
    """How an address compares with those of an account."""
    try:
        parsed = addresses.parse(address)
    except InvalidName:
        return address.casefold()
    return f"{base_local(parsed.local)}@{parsed.domain}".casefold()
