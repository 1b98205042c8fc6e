"""The keys that sign our domains' mail: next → active → retired, of each kind by itself (`dkimrotation` turns them)."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import get_args

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from mailserver.errors import AlreadyExists, InvalidName, NotFound, SecretUnreadable
from mailserver.mail import addresses
from mailserver.mail.message import parse
from mailserver.mail.senderauth import dkimsign
from mailserver.mail.senderauth.dkimsign import Kind, Signer
from mailserver.services import secrets
from mailserver.store.models import DkimKey, Domain

State = DkimKey.State
KINDS: tuple[Kind, ...] = get_args(Kind)

# What was signed last is in other servers' hands for as long as our queue keeps mail, and then for a while in theirs.
AFTER_QUEUE = timedelta(days=7)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """What the owner of the domain puts into the DNS: a TXT record `text` at `name`.

    `seen`: since when the DNS shows it, None when it does not or nobody has looked (`asked` None). `since`: when the
    key came into its state. `removable`: when the record of a retired key may go.
    """

    name: str
    text: str
    kind: str
    state: str
    since: datetime
    seen: datetime | None
    asked: datetime | None
    removable: datetime | None


def prepare(domain: str) -> list[Published]:
    """A next key of each kind that has none; they sign once their records are seen. Raises NotFound, InvalidName."""
    name = addresses.to_ascii(domain)
    waiting = DkimKey.objects.filter(domain__name=name, state=State.NEXT)
    there = set(waiting.values_list("kind", flat=True))
    made = {kind: dkimsign.make_key(kind) for kind in KINDS if kind not in there}
    with transaction.atomic():
        owner = _locked(name)
        keys = [_create(owner, _selector(owner, kind), kind, octets, State.NEXT) for kind, octets in made.items()]
    return [_published(key) for key in keys]


def make(domain: str, *, selector: str = "", kind: Kind = "rsa") -> Published:
    """A new key that signs from now on, whatever the DNS shows; the one of its kind that signed is retired.

    `selector` by default names the day. Raises NotFound (the domain is not ours), InvalidName, AlreadyExists.
    """
    selector = addresses.to_ascii(selector) if selector else ""
    if "." in selector or len(selector) > 63:
        raise InvalidName("A selector is one label of a domain name.")
    octets = dkimsign.make_key(kind)
    try:
        with transaction.atomic():
            owner = _locked(addresses.to_ascii(domain))
            retire(owner, kind)
            key = _create(owner, selector or _selector(owner, kind), kind, octets, State.ACTIVE)
    except IntegrityError as error:
        raise AlreadyExists(f"There is a key {selector} already.") from error
    return _published(key)


def retire(owner: Domain, kind: str) -> None:
    """End the time of the key that signs. Part of the caller's transaction, which holds the domain's row."""
    active = DkimKey.objects.filter(domain=owner, kind=kind, state=State.ACTIVE)
    active.update(state=State.RETIRED, retired_at=timezone.now(), secret="")


def published(domain: str) -> list[Published]:
    """The records of `domain`, in A-labels, in the order of their states; those that may go are among them."""
    keys = DkimKey.objects.filter(domain__name=domain).select_related("domain").order_by("created_at", "id")
    return sorted(map(_published, keys), key=lambda key: list(State).index(State(key.state)))


def removable_at(key: DkimKey) -> datetime | None:
    """When the record of a retired key may be taken out of the DNS; None for other keys."""
    return key.retired_at + settings.CORREIO.expire_after + AFTER_QUEUE if key.retired_at else None


def signature(raw: bytes, author: str) -> bytes:
    """The DKIM-Signature fields for a message of ours, one for each key that signs for the domain of `author`, an
    address, or for the closest domain above it; b"" without any.

    `raw` are the octets that go out, with CRLF line ends.
    """
    try:
        domain = addresses.to_ascii(author.rpartition("@")[2])
    except InvalidName:
        return b""
    keys = _active(domain)
    at = int(timezone.now().timestamp())
    return dkimsign.sign(raw, domain=keys[0].domain.name, signers=_signers(keys), at=at) if keys else b""


def signed(raw: bytes) -> bytes:
    """A message that this server itself writes, with its signatures."""
    sender = parse(raw).sender
    return signature(raw, sender.address) + raw if sender else raw


def signing_domain(domain: str) -> str:
    """The domain whose keys sign for mail of `domain`, in A-labels; "" when none do."""
    keys = _active(domain)
    return keys[0].domain.name if keys else ""


def _active(domain: str) -> list[DkimKey]:
    """The keys of the closest domain that has some, RSA first."""
    keys = DkimKey.objects.filter(state=State.ACTIVE, domain__name__in=_upwards(domain)).select_related("domain")
    found = sorted(keys, key=lambda key: (-len(key.domain.name), DkimKey.Kind.values.index(key.kind)))
    return [key for key in found if key.domain == found[0].domain]


def _upwards(domain: str) -> Sequence[str]:
    """`mx.crepes.fr` is signed for by crepes.fr, which is how DMARC sees it too; a top-level domain is nobody's."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))]


def _signers(keys: Iterable[DkimKey]) -> list[Signer]:
    signers = []
    for key in keys:
        try:
            signers.append(Signer(key.selector, _read(key.secret, settings.CORREIO.encryption_keys)))
        except SecretUnreadable:
            # Mail goes out all the same; DMARC may still pass by SPF.
            logger.error("the DKIM key %s cannot be read: no key of CORREIO_ENCRYPTION_KEYS opens it", key)
    return signers


def _locked(name: str) -> Domain:
    """The row lock makes two calls wait for each other."""
    owner = Domain.objects.select_for_update().filter(name=name, hosted=True).first()
    if owner is None:
        raise NotFound(f"{name} is not a domain of this server.")
    return owner


def _create(owner: Domain, selector: str, kind: Kind, octets: bytes, state: DkimKey.State) -> DkimKey:
    return DkimKey.objects.create(
        domain=owner,
        selector=selector,
        kind=kind,
        state=state,
        record=dkimsign.record(dkimsign.read_key(octets)),
        secret=secrets.encrypt(base64.b64encode(octets).decode("ascii")),
        activated_at=timezone.now() if state == State.ACTIVE else None,
    )


def _selector(owner: Domain, kind: Kind) -> str:
    """`c20261128r`, of the day and the kind; with a number when the day has one already."""
    name = f"c{timezone.now():%Y%m%d}{kind[0]}"
    taken = set(owner.dkim_keys.filter(selector__startswith=name).values_list("selector", flat=True))
    return next(each for at in range(1, len(taken) + 2) if (each := f"{name}{at if at > 1 else ''}") not in taken)


def _published(key: DkimKey) -> Published:
    since = key.retired_at or key.activated_at or key.created_at
    return Published(str(key), key.record, key.kind, key.state, since, key.seen_at, key.asked_at, removable_at(key))


@lru_cache(maxsize=1000)
def _read(secret: str, keys: tuple[str, ...]) -> dkimsign.PrivateKey:
    """Kept open in memory: signing is quicker than opening. `keys`: those it is opened with."""
    return dkimsign.read_key(base64.b64decode(secrets.decrypt(secret)))
