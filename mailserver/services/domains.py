"""Mail domains."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from mailserver.errors import AlreadyExists
from mailserver.mail import addresses
from mailserver.services import dkimkeys
from mailserver.store.models import Domain


def add_domain(name: str, *, transport: str = Domain.Transport.LOCAL, hosted: bool = True, keys: bool = True) -> Domain:
    """Make `name` (unicode or A-label) a domain of this server, with `keys` to sign its mail once they are published.

    Raises InvalidName, AlreadyExists.
    """
    ascii_name = addresses.parse(f"postmaster@{name.strip()}").domain
    unicode_name = ascii_name if ascii_name == name.strip().lower() else name.strip().lower()
    try:
        with transaction.atomic():
            domain = Domain.objects.create(
                name=ascii_name, unicode_name=unicode_name, transport=transport, hosted=hosted
            )
            if hosted and keys:
                dkimkeys.prepare(ascii_name)
            return domain
    except IntegrityError as error:
        raise AlreadyExists(f"The domain {ascii_name} is here already.") from error
