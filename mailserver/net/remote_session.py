"""The way into a mailbox at another server that somebody named: resolve, check, connect, sign in."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable
from contextlib import suppress

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from mailserver.net import fetch
from mailserver.net.imap_wire import Wire
from mailserver.net.remote_trouble import Place, RemoteTrouble, spoken

CONNECT_SECONDS = 15.0
READ_SECONDS = 60.0  # some servers think long about a large folder
_GREETING = 1024 * 1024
_IMAP_PORTS = (143, 993)
_SYSTEM_PORTS = 1024  # where other services listen, which a form of ours must not talk to
# RFC 5530 §3. What the server said, the field to change (none: it is tried again).
_REASONS = {
    "UNAVAILABLE": ("lets nobody in at the moment.", ""),
    "INUSE": ("is in use by another program at the moment.", ""),
    "LIMIT": ("lets no more programs in at the moment.", ""),
    "SERVERBUG": ("has a fault at the moment.", ""),
    "CONTACTADMIN": ("lets you in only when its administrator has done something.", ""),
    "NOPERM": ("does not let this account in.", ""),
    "EXPIRED": ("says that this password has expired.", "password"),
    "PRIVACYREQUIRED": ("asks for an encrypted connection.", "security"),
    "AUTHORIZATIONFAILED": ("accepts the password, but not for this user name.", "password"),
}
_REFUSED = ("does not accept this user name and password.", "password")
_CODE = re.compile(r"\A\[([^\]\s]*)[^\]]*\] ?")


def address(place: Place, allowed: Callable[[str], bool]) -> str:
    """Where to connect to, when the guard lets us."""
    if place.port < _SYSTEM_PORTS and place.port not in _IMAP_PORTS:
        raise RemoteTrouble("IMAP is at port 993 or 143.", field="port", lasting=True)
    try:
        found = fetch.addresses(place.host, place.port)
    except fetch.NotFetched:
        raise RemoteTrouble(f"There is no server called {place.host}.") from None
    if not found or not all(allowed(address) for address in found):
        raise RemoteTrouble(f"{place.host} is not on the public internet.", lasting=True)
    return found[0]


class Client(IMAPClient):  # type: ignore[misc]
    """IMAPClient over our own wire."""

    def __init__(self, place: Place, address: str, alive: Callable[[], None], seconds: float) -> None:
        self._place, self._address, self._alive, self._seconds = place, address, alive, seconds
        self._context = ssl.create_default_context()
        patience = SocketTimeout(CONNECT_SECONDS, READ_SECONDS)
        super().__init__(place.host, place.port, ssl=place.security == "tls", timeout=patience)
        self.folder_encode = self.normalise_times = False
        self._imap.debug = 0  # it would put what is said, in part, into a log

    def _create_IMAP4(self) -> Wire:  # noqa: N802
        self.wire = Wire(
            self.host,
            self.port,
            address=self._address,
            context=self._context if self.ssl else None,
            timeout=CONNECT_SECONDS,
            until=self._seconds,
            alive=self._alive,
        )
        return self.wire

    def enter(self) -> None:
        """STARTTLS where it is asked for, and sign in. Raises RemoteTrouble, imaplib's errors."""
        place = self._place
        if not self.ssl:
            if not self.has_capability("STARTTLS"):
                raise RemoteTrouble(f"{place.host} does not offer STARTTLS.", field="security", lasting=True)
            self.starttls(self._context)
            self._cached_capabilities = None
        self.wire.allow(_GREETING)
        try:
            if self.has_capability("AUTH=PLAIN"):
                self.plain_login(place.username, place.password)
            else:
                self.login(place.username, place.password)
        except UnicodeEncodeError:
            raise RemoteTrouble(
                f"{place.host} takes only plain letters here.", field="password", lasting=True
            ) from None
        except LoginError as error:
            if isinstance(error.__context__, imaplib.IMAP4.abort):
                raise error.__context__ from None
            raise _refusal(place.host, spoken(error)) from None
        self._cached_capabilities = None

    def hang_up(self) -> None:
        with suppress(OSError):
            self.shutdown()


def _refusal(host: str, words: str) -> RemoteTrouble:
    """Why it lets nobody in, by its response code. Without one, or with one that tells nothing, it is the password."""
    code = _CODE.match(words)
    text, field = _REASONS.get(code[1].upper(), _REFUSED) if code else _REFUSED
    words = _CODE.sub("", words)
    said = f"{host} {text} It says: {words}" if words else f"{host} {text}"
    return RemoteTrouble(said, field=field, lasting=True) if field else RemoteTrouble(said)
