"""Conversations as octets, each letter with the folders, flags and labels its owners gave it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mailserver.mail import compose
from mailserver.mail.compose import Attachment, Draft
from mailserver.services.demo import attachments, people, rich, wording
from mailserver.services.demo.attachments import Cover
from mailserver.services.demo.post import INBOX, SENT, Place, Post
from mailserver.services.demo.stories import Conversation, Letter, MailingList
from mailserver.store.models.mailbox import Flag


def posts(conversations: Iterable[Conversation]) -> Iterator[Post]:
    """Every letter, once, with its copies."""
    for conversation in conversations:
        accounts = {account for letter in conversation.letters for account in (*_takers(letter), _writer(letter))}
        copies = {account: _copies(conversation, account) for account in accounts if account}
        for number, letter in enumerate(conversation.letters):
            yield _post(letter, {account: places[number] for account, places in copies.items() if number in places})


def _post(letter: Letter, places: Mapping[str, Place]) -> Post:
    writer, takers = _writer(letter), _takers(letter)
    mailing_list = letter.mailing_list
    return Post(
        raw=octets(letter),
        at=letter.at,
        sender=f"bounces@{mailing_list.list_id}" if mailing_list else letter.sender.address,
        route=mailing_list.route if mailing_list else letter.sender.route,
        received={(account, address): places[account] for account, address in takers.items()},
        own={writer: places[writer]} if writer else {},
    )


def octets(letter: Letter) -> bytes:
    """The letter as its writer's program makes it, with the fields of the list it went through."""
    sender, cover = letter.sender, Cover(letter.sender, letter.at, letter.text)
    files = [attachments.attach(spec, cover) for spec in letter.attach]
    images = [_inline(spec, cover, letter.message_id) for spec in letter.inline]
    quoted = _quote(letter)
    html = None
    if sender.html or images:
        shown = tuple(image.content_id for image in images)
        html = rich.to_html(letter.text, signature=sender.signature, quoted=quoted, images=shown)
    return compose.build(
        Draft(
            sender=sender.mailbox,
            to=letter.to,
            cc=letter.cc,
            subject=letter.subject,
            text=_body(letter, quoted),
            html=html,
            attachments=[*files, *images],
            in_reply_to=letter.parent.message_id if letter.parent else "",
            references=letter.references,
            message_id=letter.message_id,
            date=letter.at,
            receipt=letter.receipt,
            extra=list_fields(letter.mailing_list) if letter.mailing_list else (),
        )
    )


def list_fields(mailing_list: MailingList) -> Sequence[tuple[str, str]]:
    """RFC 2369 and RFC 2919."""
    host = mailing_list.list_id.partition(".")[2]
    return (
        ("List-Id", f"{mailing_list.mailbox.name} <{mailing_list.list_id}>"),
        ("List-Post", f"<mailto:{mailing_list.mailbox.address}>"),
        ("List-Unsubscribe", f"<https://{host}/leave>, <mailto:leave@{host}>"),
        ("Precedence", "list"),
    )


def _inline(spec: str, cover: Cover, seed: str) -> Attachment:
    file = attachments.attach(spec, cover)
    return Attachment(file.name, file.type, file.data, content_id=f"{spec.rpartition(':')[2]}.{seed}")


def _body(letter: Letter, quoted: str) -> str:
    text = letter.text
    if letter.sender.signature:
        text += f"\n\n-- \n{letter.sender.signature}"
    return "\n\n".join(filter(None, [text, quoted]))


def _quote(letter: Letter) -> str:
    if not (letter.parent and letter.sender.quotes and letter.parent.text):
        return ""
    lines = (f"> {line}".rstrip() for line in letter.parent.text.splitlines())
    at = letter.parent.at.astimezone(letter.sender.zone)
    return "\n".join([wording.attribution(letter.sender.language, at, letter.parent.sender.name), *lines])


def _writer(letter: Letter) -> str | None:
    return people.owner(letter.sender.address)


def _takers(letter: Letter) -> dict[str, str]:
    """Envelope recipient by account: those of our people it went to, the writer left out."""
    writer = _writer(letter)
    if letter.mailing_list:
        return {member: member for member in letter.mailing_list.members if member != writer}
    owned = {people.owner(person.address): person.address for person in (*letter.to, *letter.cc)}
    return {account: address for account, address in owned.items() if account and account != writer}


def _copies(conversation: Conversation, account: str) -> dict[int, Place]:
    """The account's place of each letter it has, by the letter's number."""
    rules = conversation.keeping.get(account, {})
    received = [n for n, letter in enumerate(conversation.letters) if account in _takers(letter)]
    written = [n for n, letter in enumerate(conversation.letters) if _writer(letter) == account]
    label = str(rules.get("label", ""))
    places = {n: Place(SENT, Flag.SEEN, label) for n in written}
    for number in received:
        flags = _flags(number, received, written, rules)
        places[number] = Place(str(rules.get("folder", INBOX)), flags, label)
    return places


def _flags(number: int, received: Sequence[int], written: Sequence[int], rules: Mapping[str, Any]) -> int:
    newer = sum(other > number for other in received)
    answer = min((n for n in written if n > number), default=None)
    flags = 0 if newer < int(rules.get("unread", 0)) else int(Flag.SEEN)
    if answer is not None and not any(number < other < answer for other in received):
        flags |= Flag.ANSWERED
    if rules.get("starred") and newer == 0:
        flags |= Flag.FLAGGED
    return flags
