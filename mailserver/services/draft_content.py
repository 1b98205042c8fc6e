"""What a draft holds beside its header: the text, the rich text, and attachments carried from version to version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailserver.errors import NotFound
from mailserver.mail import names, structure, written
from mailserver.mail.compose import Attachment
from mailserver.mail.headers import Headers
from mailserver.services import messages


@dataclass(frozen=True, slots=True)
class Kept:
    """An attachment that lies in a stored message: the draft's last version, or the message passed on."""

    message_id: int
    section: str


@dataclass(frozen=True, slots=True)
class Holding:
    """An attachment as the writer lists it; `size` in octets. `content_id` is set when the text shows it."""

    kept: Kept
    name: str
    type: str
    size: int
    content_id: str


@dataclass(frozen=True, slots=True)
class Content:
    """A message taken apart for the writer; `html` is "" when it is plain text only."""

    text: str
    html: str
    receipt: bool
    attachments: tuple[structure.Part, ...]


def read(raw: bytes, root: structure.Part | None = None) -> Content:
    """Text and attachments of a message. Never raises."""
    root = root or structure.scan(raw)
    found = written.parts(root)
    return Content(
        text=structure.text(raw, found.text).rstrip("\n") if found.text else "",
        html=structure.text(raw, found.html).strip() if found.html else "",
        receipt="disposition-notification-to" in Headers(raw[: root.body_start]),
        attachments=found.attachments,
    )


def holdings(parts: Sequence[structure.Part], message_id: int) -> tuple[Holding, ...]:
    """The attachments of a stored message as the writer lists them."""
    return tuple(
        Holding(Kept(message_id, part.section), _name(part), part.type, part.decoded_size, part.content_id)
        for part in parts
    )


def describe(account_id: int, kept: Sequence[Kept]) -> tuple[Holding, ...]:
    """Names and sizes of attachments, from what was parsed at arrival; those that are gone are left out."""
    found: list[Holding] = []
    for item in kept:
        try:
            root = structure.from_json(messages.get(account_id, item.message_id).parts)
        except NotFound:
            continue
        part = structure.find(root, item.section)
        found += holdings([part], item.message_id) if part and not part.is_multipart else ()
    return tuple(found)


def attachments_of(account_id: int, kept: Sequence[Kept]) -> list[Attachment]:
    """The attachments themselves, in the order given. Raises NotFound for what is gone or another account's."""
    trees: dict[int, tuple[bytes, structure.Part]] = {}
    found = []
    for item in kept:
        if item.message_id not in trees:
            raw = messages.raw(messages.get(account_id, item.message_id))
            trees[item.message_id] = raw, structure.scan(raw)
        raw, root = trees[item.message_id]
        part = structure.find(root, item.section)
        if part is None or part.is_multipart:
            raise NotFound("An attachment of this draft is gone.")
        found.append(
            Attachment(name=_name(part), type=part.type, data=structure.content(raw, part), content_id=part.content_id)
        )
    return found


def _name(part: structure.Part) -> str:
    return names.file_name(part.name, "") or names.for_type(part.type, part.section)
