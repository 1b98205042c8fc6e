"""What can go wrong with a server that somebody named, in plain words."""

from __future__ import annotations

import ast
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from mailserver.errors import CorreioError
from mailserver.net.imap_wire import TooMuch


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mailbox is and how to get in. `security` is `tls` or `starttls`."""

    host: str
    port: int
    security: str
    username: str
    password: str = field(repr=False)


class RemoteTrouble(CorreioError):
    """The other server cannot be read. `lasting`: not before the person changes `field` (host, port, security,
    password).
    """

    def __init__(self, words: str, *, field: str = "host", lasting: bool = False) -> None:
        super().__init__(words)
        self.field, self.lasting = field, lasting


class Refused(RemoteTrouble):
    """The server said no to this one request; the connection goes on."""


class Flooded(RemoteTrouble):
    """The server sent more than was asked for."""


@contextmanager
def plainly(place: Place) -> Iterator[None]:
    """What goes wrong on the way to the server and in what it says, in plain words."""
    host = place.host
    try:
        yield
    except RemoteTrouble:
        raise
    except TooMuch:
        raise Flooded(f"{host} sends more than it was asked for.") from None
    except ssl.SSLCertVerificationError as error:
        raise RemoteTrouble(
            f"The certificate of {host} cannot be trusted: {error.verify_message.rstrip('.')}."
        ) from None
    except ssl.SSLError:
        raise RemoteTrouble(f"{host} does not speak TLS at port {place.port}.", field="port") from None
    except imaplib.IMAP4.abort:
        raise RemoteTrouble(f"{host} broke the connection off.") from None
    except imaplib.IMAP4.error as error:
        raise Refused(f"{host} refuses: {spoken(error)}") from None
    except TimeoutError:
        raise RemoteTrouble(f"{host} does not answer at port {place.port} in time.") from None
    except OSError:
        raise RemoteTrouble(f"{host} does not answer at port {place.port}.") from None
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, AssertionError):
        # imaplib and the parser on top of it raise all of these on lines that are no IMAP.
        raise RemoteTrouble(f"{host} answers in a way that is not IMAP.", field="port") from None


def spoken(error: Exception) -> str:
    """What a server said, as a line one can read; imaplib hands on some of it as the repr of its octets."""
    text = str(error)
    if re.match(r"b['\"]", text):
        with suppress(ValueError, SyntaxError):
            text = ast.literal_eval(text).decode("utf-8", "replace")
    text = re.sub(r"\A[\w-]+ failed: ", "", text)
    return "".join(char if char.isprintable() else " " for char in text).strip()[:200]
