"""Flags and keywords of another server as ours: bits, and labels of the account."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from mailserver.mail.keywords import look
from mailserver.services.flags import BITS
from mailserver.store.models import Label
from mailserver.store.models.mailbox import Flag

# As ours, and as other servers name them too.
_BITS = {
    **BITS,
    "forwarded": Flag.FORWARDED,
    "mdnsent": Flag.MDN_SENT,
    "junk": Flag.JUNK,
    "notjunk": Flag.NOT_JUNK,
    "nonjunk": Flag.NOT_JUNK,
}
# An account with more labels than this gets no new ones by an import.
MOST_LABELS = 200
_MAX_LENGTH = 200


def bits(flags: Iterable[str]) -> int:
    """The flags that are bits here."""
    found = 0
    for flag in flags:
        found |= _BITS.get(flag.lower(), 0)
    return int(found)


def keywords(flags: Iterable[str]) -> list[str]:
    """The flags that are labels here, each once."""
    wanted = (flag for flag in flags if not flag.startswith("\\") and flag.lower() not in _BITS)
    return list(dict.fromkeys(flag for flag in wanted if 0 < len(flag) <= _MAX_LENGTH and flag.isprintable()))


def labels(account_id: int, wanted: Iterable[str]) -> dict[str, int]:
    """Keyword → id of the account's label; those that are missing are made. Runs in the caller's transaction."""
    names = sorted(set(wanted))
    if not names:
        return {}
    known = {row.keyword.lower(): row.pk for row in Label.objects.filter(account_id=account_id)}
    for name in names:
        if name.lower() not in known and len(known) < MOST_LABELS:
            found = look(name)
            hue = _hue(name) if found.hue is None else found.hue
            made, _ = Label.objects.get_or_create(
                account_id=account_id, keyword=name, defaults={"name": found.name, "hue": hue, "shown": found.shown}
            )
            known[name.lower()] = made.pk
    return {name: known[name.lower()] for name in names if name.lower() in known}


def _hue(name: str) -> int:
    return sha256(name.encode()).digest()[0] % 24 * 15
