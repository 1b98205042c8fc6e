"""What we announce (RFC 9051 §7.2.2), before and after sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers.sasl import MECHANISMS

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

# Announced before sign-in too: Outlook looks for IDLE there, and mail programs for what saves them a round trip.
_ALWAYS = ("IMAP4rev1", "IMAP4rev2", "ID", "ENABLE", "IDLE", "LITERAL+", "SASL-IR")
_SIGN_IN = tuple(f"AUTH={name}" for name in MECHANISMS)
_SIGNED_IN = (
    "NAMESPACE",
    "UNSELECT",
    "UIDPLUS",
    "MOVE",
    "CHILDREN",
    "SPECIAL-USE",
    "CREATE-SPECIAL-USE",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "STATUS=SIZE",
    "ESEARCH",
    "SEARCHRES",
    "CONDSTORE",
    "QRESYNC",
    "WITHIN",
    "SORT",
    "SORT=DISPLAY",
    "ESORT",
    "THREAD=REFERENCES",
    "THREAD=REFS",
    "THREAD=ORDEREDSUBJECT",
    "MULTIAPPEND",
    "BINARY",
    "QUOTA",
    "QUOTA=RES-STORAGE",
    "OBJECTID",
    "PREVIEW",
    "SAVEDATE",
    "UTF8=ACCEPT",
    "NOTIFY",
    "REPLACE",
    "XLIST",
)
ENABLEABLE = frozenset({"CONDSTORE", "QRESYNC", "UTF8=ACCEPT", "IMAP4REV2"})


def words(session: Session) -> str:
    """The capabilities at this moment, separated by blanks."""
    if session.login is None:
        return " ".join([*_ALWAYS, *_before(session)])
    found = [*_ALWAYS, *_SIGNED_IN, f"APPENDLIMIT={session.site.size_limit}"]
    if may_compress(session):
        found.append("COMPRESS=DEFLATE")
    return " ".join(name for name in found if not is_hidden(session, name))


def is_hidden(session: Session, name: str) -> bool:
    """Whether the account is not told of it, for a program's sake. THREAD hides all that begin with THREAD=."""
    if session.login is None or name == "IMAP4rev1":
        return False
    return not session.login.hidden.isdisjoint({name.upper(), name.upper().partition("=")[0]})


def may_compress(session: Session) -> bool:
    site = session.site
    return not session.connection.is_compressed and len(site.compressed) < site.limits.compressed_sessions


def _before(session: Session) -> list[str]:
    """Passwords are taken on encrypted connections only (RFC 9051 §6.2.3)."""
    if session.connection.tls:
        return list(_SIGN_IN)
    return [*(["STARTTLS"] if session.site.tls() is not None else []), "LOGINDISABLED"]
