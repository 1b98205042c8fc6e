"""What the runs of a process share."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailserver.services import delivery_claim, delivery_hops, delivery_load
from mailserver.services.delivery_books import Books
from mailserver.services.delivery_cargo import Cargo
from mailserver.services.delivery_claim import Taken
from mailserver.services.delivery_hops import Known
from mailserver.services.delivery_leases import Leases
from mailserver.services.delivery_load import Letter
from mailserver.services.delivery_notes import Notes
from mailserver.services.delivery_pace import Effort, Paces
from mailserver.services.delivery_together import Together
from mailserver.services.queue_plan import Order


@dataclass
class Office:
    """Used on one event loop."""

    books: Books = field(default_factory=Books)
    notes: Notes = field(default_factory=Notes)
    leases: Leases = field(default_factory=Leases)
    paces: Paces = field(default_factory=Paces)
    effort: Effort = field(default_factory=Effort)
    cargo: Cargo = field(default_factory=lambda: Cargo(most=128 << 20, small=delivery_load.SMALL))
    claims: Together[Order, Taken] = field(default_factory=lambda: Together(delivery_claim.claim_all))
    contents: Together[list[Letter], dict[int, bytes]] = field(
        default_factory=lambda: Together(delivery_load.contents_of_each)
    )
    known: Together[str, Known] = field(default_factory=lambda: Together(delivery_hops.known))
    closing: bool = False
