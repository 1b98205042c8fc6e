"""The domains, accounts, addresses, folders and labels of the demo."""

from __future__ import annotations

from collections.abc import Iterable

from mailserver.services import accounts, domains, mailboxes
from mailserver.services.demo import people
from mailserver.services.demo.people import ADMIN, ALICE, BOB
from mailserver.store.models import Account, Domain, Label

# Mail to hamburger.edu crosses the queue and a connection although it lives here too; the third domain takes mail for
# any name in front of it.
DOMAINS = {
    "crepes.fr": Domain.Transport.LOCAL,
    "hamburger.edu": Domain.Transport.SMTP,
    "traiteur.crepes.fr": Domain.Transport.LOCAL,
}
CATCH_ALL = ("traiteur.crepes.fr", ALICE)

FOLDERS = {
    ALICE: ("Crêperie", "Crêperie/Suppliers", "Crêperie/Recipes", "House", "Travel"),
    BOB: ("Chess", "Open day", "Students", "Travel"),
}
# Name and hue.
LABELS = {ALICE: (("Friends", 25), ("Orders", 155), ("Press", 300)), BOB: (("Family", 60),)}
ZONES = {"crepes.fr": "Europe/Paris", "hamburger.edu": "America/Chicago"}


def prepare(password: str) -> dict[str, Account]:
    """Make everything but mail, inside the caller's transaction; the accounts by address."""
    for name, transport in DOMAINS.items():
        domains.add_domain(name, transport=transport, keys=False)  # nobody publishes for them
    made = {address: _account(address, name, password) for address, name in people.ACCOUNTS.items()}
    for address, owner in people.ALIASES.items():
        accounts.add_alias(account_id=made[owner].pk, address=address)
    domain, owner = CATCH_ALL
    Domain.objects.filter(name=domain).update(catch_all=made[owner])
    for address, paths in FOLDERS.items():
        for path in paths:
            mailboxes.create(account_id=made[address].pk, path=path)
    for address, labels in LABELS.items():
        _label(made[address], labels)
    return made


def _account(address: str, name: str, password: str) -> Account:
    account = accounts.create_account(address=address, name=name, password=password, admin=address == ADMIN)
    account.time_zone = ZONES[address.partition("@")[2]]
    account.pop3 = True
    account.save(update_fields=["time_zone", "pop3"])
    return account


def _label(account: Account, labels: Iterable[tuple[str, int]]) -> None:
    Label.objects.bulk_create(Label(account=account, keyword=name.lower(), name=name, hue=hue) for name, hue in labels)
