"""What becomes of the sender's wishes (RFC 3461) where mail is filed and passed on here."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from mailserver.mail.dsnwishes import RecipientWishes
from mailserver.mail.senderauth.results import Verdict
from mailserver.services.routing import Route

Success = Literal["", "delivered", "expanded"]


def success(route: Route) -> Success:
    """What a success is called (RFC 3461 §5.2.7): filed in one mailbox, given to several, or (`""`) only passed on to
    one address, whose server then tells.

    That a copy of a filed message went elsewhere is the owner's business.
    """
    if len(route.mailboxes) == 1:
        return "delivered"
    return "" if not route.mailboxes and len(route.onward) == 1 else "expanded"


def carried(route: Route, wishes: RecipientWishes) -> Route:
    """The route with the wishes on what goes elsewhere; a success that is told here is not told there again."""
    if not route.onward or wishes == RecipientWishes():
        return route
    left = wishes.without_success() if success(route) else wishes
    onward = tuple(replace(one, notify=left.notify, original=left.original) for one in route.onward)
    return replace(route, onward=onward)


def credible(sender: str, verdict: Verdict | None) -> bool:
    """Whether a stranger's sender may be told of successes: SPF vouches for the address, or DMARC for its domain.

    Anybody can write any MAIL FROM; a confirmation to who never wrote would be backscatter.
    """
    if not sender or verdict is None:
        return False
    domain = sender.rpartition("@")[2].lower()
    by_spf = verdict.spf.result == "pass" and verdict.spf.identity == "mailfrom"
    return by_spf or (verdict.dmarc.result == "pass" and verdict.dmarc.domain.lower() == domain)
