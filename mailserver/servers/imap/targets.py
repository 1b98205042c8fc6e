"""Which messages a command means, as UIDs that exist in the session's view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.mail.searchkeys import Numbers, Uids
from mailserver.servers.imap.responses import bad

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


def uids_of(session: Session, messages: Numbers | Uids) -> Sequence[int]:
    """Ascending. UIDs that do not exist are passed over; a number that does not is an error of the client.

    Raises Refusal.
    """
    view = session.selected
    if isinstance(messages, Numbers):
        found = view.of_numbers(messages.runs)
        if found is None:
            raise bad("There is no message with this number.")
        return found
    if messages.saved:
        return [uid for uid in session.saved if view.number(uid)]
    return view.of_uids(messages.runs)
