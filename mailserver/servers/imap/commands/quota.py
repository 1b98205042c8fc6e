"""GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208, in the form that RFC 2087 clients read too): one root for the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import responses
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.services import folders
from mailserver.services import quota as quotas

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

ROOT = "Account"
# Units of STORAGE are 1,024 octets (RFC 9208 §5.1).
_UNIT = 1024


async def get_quota(session: Session, command: commands.GetQuota) -> Done:
    if command.root != ROOT:
        raise Refusal("There is no such quota root.", "NONEXISTENT")
    await _tell(session)
    return Done("That is all.")


async def get_quota_root(session: Session, command: commands.GetQuotaRoot) -> Done:
    """Also of a folder that is not there: all that will be made belong to the one root (RFC 9208 §4.1.2)."""
    name = responses.mailbox(folders.normal(command.mailbox), utf8=session.utf8)
    session.untagged(b"QUOTAROOT ", name, b" ", responses.astring(ROOT))
    await _tell(session)
    return Done("That is all.")


async def set_quota(session: Session, command: commands.SetQuota) -> Done:
    """QUOTASET is not announced (RFC 9208 §4.1.3)."""
    raise Refusal("Your administrator decides how much room you have.", "NOPERM")


async def _tell(session: Session) -> None:
    found = await bridge.run(quotas.of, account_id=session.account_id)
    used = -(-found.used_octets // _UNIT)
    bound = f"STORAGE {used} {found.limit_octets // _UNIT}" if found.limit_octets else ""
    session.untagged(b"QUOTA ", responses.astring(ROOT), f" ({bound})".encode("ascii"))
