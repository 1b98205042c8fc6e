"""Putting the demo's mail where it lies: in by final delivery, then flagged, labelled and moved like anybody's mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from mailserver.mail.message import parse
from mailserver.services import inbound, messages
from mailserver.services.demo.post import INBOX, Place, Post
from mailserver.services.filing import Filing
from mailserver.services.filing import file as put
from mailserver.services.inbound import Incoming
from mailserver.services.recipients import Local
from mailserver.store import blobs
from mailserver.store.models import Account, Label, Mailbox
from mailserver.store.models.mailbox import Flag
from mailserver.store.writer import writing

# What is to be done with UIDs of one Inbox: by account address and place.
_Arrived = dict[tuple[str, Place], list[int]]


def file(posts: Sequence[Post], accounts: Mapping[str, Account]) -> None:
    """Deliver the posts, oldest first, and keep the copies of those who wrote them."""
    arrived = _deliver([post for post in posts if post.received], accounts)
    _keep(posts, accounts)
    for address, account in accounts.items():
        _sort(account, {place: uids for (owner, place), uids in arrived.items() if owner == address})


def _deliver(posts: Sequence[Post], accounts: Mapping[str, Account]) -> _Arrived:
    by_id = {account.pk: address for address, account in accounts.items()}
    arrived: _Arrived = defaultdict(list)
    stored = inbound.deliver_all([_incoming(post, accounts) for post in posts])
    for post, answer in zip(posts, stored, strict=True):
        for (address, _), place in post.received.items():
            uids = (item.uid for item in answer.deliveries if by_id[item.account_id] == address)
            arrived[address, place].extend(uids)
    return arrived


def _incoming(post: Post, accounts: Mapping[str, Account]) -> Incoming:
    return Incoming(
        raw=post.raw,
        sender=post.sender,
        recipients=tuple(Local(accounts[address].pk, recipient) for address, recipient in post.received),
        peer=post.route.peer,
        helo=post.route.helo,
        tls=post.route.tls,
        protocol=post.route.protocol,
        at=post.at,
        eight_bit=not post.raw.isascii(),
    )


def _keep(posts: Sequence[Post], accounts: Mapping[str, Account]) -> None:
    """All sent copies and drafts in one go: an append each would cost as much as all deliveries together."""
    copies = [(post, accounts[address], place) for post in posts for address, place in post.own.items()]
    boxes = {(box.account_id, box.path): box.pk for box in Mailbox.objects.filter(account__in=accounts.values())}
    labels = {(label.account_id, label.name): label.pk for label in Label.objects.filter(account__in=accounts.values())}
    with writing({boxes[account.pk, place.folder] for _, account, place in copies}) as writer:
        raws = blobs.put([post.raw for post, _, _ in copies])
        filings = [
            Filing(
                mailbox_id=boxes[account.pk, place.folder],
                blob=blob,
                parsed=parse(post.raw),
                at=post.at,
                flags=int(place.flags),
                keywords=[labels[account.pk, place.label]] if place.label else None,
            )
            for (post, account, place), blob in zip(copies, raws, strict=True)
        ]
        put(writer, filings)


def _sort(account: Account, arrived: Mapping[Place, Sequence[int]]) -> None:
    """Flags and labels first: they go along with what is moved."""
    boxes = dict(Mailbox.objects.filter(account=account).values_list("path", "id"))
    inbox = boxes[INBOX]
    by_flags: dict[int, list[int]] = defaultdict(list)
    by_label: dict[str, list[int]] = defaultdict(list)
    by_folder: dict[str, list[int]] = defaultdict(list)
    for place, uids in arrived.items():
        by_flags[int(place.flags)].extend(uids)
        by_label[place.label].extend(uids)
        by_folder[place.folder].extend(uids)
    for flags, uids in by_flags.items():
        messages.set_flags(account_id=account.pk, mailbox_id=inbox, uids=uids, add=Flag(flags))
    for label in Label.objects.filter(account=account, name__in=by_label):
        messages.set_label(
            account_id=account.pk, mailbox_id=inbox, uids=by_label[label.name], label_id=label.pk, on=True
        )
    for folder, uids in by_folder.items():
        messages.move(account_id=account.pk, mailbox_id=inbox, uids=uids, target_id=boxes[folder])
