"""Groups: addresses that stand for several others. The members are forwards of the address (see `routing`)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.mail import addresses
from mailserver.services import forwards
from mailserver.store.models import Address, Domain, Forward

MOST_MEMBERS = 500


def add_group(*, address: str, members: Iterable[str]) -> Address:
    """A group in one of our domains. Raises InvalidName (address, members), NotFound (domain), AlreadyExists."""
    parsed, targets = addresses.parse(address.strip()), targets_of(members)
    domain = Domain.objects.filter(name=parsed.domain, hosted=True).first()
    if domain is None:
        raise NotFound(f"The domain {parsed.domain} is not hosted here.")
    try:
        with transaction.atomic():
            group = Address.objects.create(domain=domain, local_part=parsed.local, kind=Address.Kind.GROUP)
            Forward.objects.bulk_create(Forward(address=group, target=target) for target in targets)
    except IntegrityError as error:
        raise AlreadyExists(f"The address {parsed} is taken.") from error
    return group


def change_group(*, address_id: int, members: Iterable[str], enabled: bool) -> None:
    """Give a group other members, or switch it on or off. Raises NotFound, InvalidName."""
    targets = targets_of(members)
    with transaction.atomic():
        groups = Address.objects.select_for_update().filter(pk=address_id, kind=Address.Kind.GROUP)
        if not groups.update(enabled=enabled):
            raise NotFound("There is no such group.")
        Forward.objects.filter(address_id=address_id).exclude(target__in=targets).delete()
        known = set(Forward.objects.filter(address_id=address_id).values_list("target", flat=True))
        Forward.objects.bulk_create(
            Forward(address_id=address_id, target=target) for target in targets if target not in known
        )


def members_of(address_id: int) -> list[str]:
    """The addresses a group sends its mail to, in the order they were added."""
    return list(Forward.objects.filter(address_id=address_id).order_by("id").values_list("target", flat=True))


def targets_of(members: Iterable[str]) -> list[str]:
    """The members as they are kept, each once. Raises InvalidName: one that cannot be, none, or more than 500."""
    found = {target.lower(): target for target in map(forwards.target, filter(str.strip, members))}
    if not found:
        raise InvalidName("A group needs somebody to send its mail to.")
    if len(found) > MOST_MEMBERS:
        raise InvalidName(f"A group has at most {MOST_MEMBERS} members; a larger one is a mailing list.")
    return list(found.values())
