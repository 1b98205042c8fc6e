"""The keys that sign our domains' mail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.db import IntegrityError, transaction
from django.utils import timezone

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.mail import addresses
from mailserver.mail.senderauth import dkimsign
from mailserver.mail.senderauth.dkimsign import Kind
from mailserver.store.models import DkimKey, Domain


@dataclass(frozen=True, slots=True)
class Published:
    """What the owner of the domain puts into the DNS: a TXT record `text` at `name`."""

    name: str
    text: str


def make(domain: str, *, selector: str = "", kind: Kind = "rsa") -> Published:
    """A new key that signs from now on; earlier ones of the domain are retired.

    `selector` by default names the day. Raises NotFound (the domain is not ours), InvalidName, AlreadyExists.
    """
    selector = addresses.to_ascii(selector or f"c{timezone.now():%Y%m%d}")
    if "." in selector or len(selector) > 63:
        raise InvalidName("A selector is one label of a domain name.")
    octets = dkimsign.make_key(kind)
    try:
        with transaction.atomic():
            # The row lock makes two calls wait for each other.
            owner = Domain.objects.select_for_update().filter(name=addresses.to_ascii(domain), hosted=True).first()
            if owner is None:
                raise NotFound(f"{domain} is not a domain of this server.")
            DkimKey.objects.filter(domain=owner, retired_at=None).update(retired_at=timezone.now())
            key = DkimKey.objects.create(domain=owner, selector=selector, private_key=octets)
    except IntegrityError as error:
        raise AlreadyExists(f"There is a key {selector} already.") from error
    return Published(str(key), dkimsign.record(_read(octets)))


def published(domain: str) -> list[Published]:
    """The record of the key that signs for `domain`, in A-labels; none without a key."""
    keys = DkimKey.objects.filter(domain__name=domain, retired_at=None).select_related("domain")
    return [Published(str(key), dkimsign.record(_read(bytes(key.private_key)))) for key in keys]


def signature(raw: bytes, author: str) -> bytes:
    """The DKIM-Signature field for a message of ours; b"" when the domain of `author`, an address, has no key.

    `raw` are the octets that go out, with CRLF line ends.
    """
    try:
        domain = addresses.to_ascii(author.rpartition("@")[2])
    except InvalidName:
        return b""
    key = DkimKey.objects.filter(domain__name=domain, retired_at=None).first()
    if key is None:
        return b""
    private, at = _read(bytes(key.private_key)), int(timezone.now().timestamp())
    return dkimsign.sign(raw, domain=domain, selector=key.selector, key=private, at=at)


@lru_cache(maxsize=100)
def _read(octets: bytes) -> dkimsign.PrivateKey:
    return dkimsign.read_key(octets)
