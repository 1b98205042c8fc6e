"""What IMAP clients ask of a message most often, finished: made once, when the message is stored.

The forms hold text above 127 as UTF-8, for sessions with UTF8=ACCEPT or IMAP4rev2. All others get `seven_bit` of them,
which costs nothing where there is no such text.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailserver.mail.bodystructure import bodies
from mailserver.mail.envelope import envelope
from mailserver.mail.headers import Headers
from mailserver.mail.imapstrings import seven_bit
from mailserver.mail.structure import Part

__all__ = ["Forms", "forms", "seven_bit"]


@dataclass(frozen=True, slots=True)
class Forms:
    """ENVELOPE, BODY and BODYSTRUCTURE as they stand in a FETCH response behind the name of the item.

    One line of balanced parentheses each: no CR, LF or NUL, no literal.
    """

    envelope: bytes
    body: bytes
    bodystructure: bytes

    def seven_bit(self) -> Forms:
        """For clients that did not ask for UTF-8."""
        return Forms(seven_bit(self.envelope), seven_bit(self.body), seven_bit(self.bodystructure))


def forms(raw: bytes, root: Part, headers: Headers | None = None) -> Forms:
    """The forms of a message and its tree (`structure.scan`); `headers` where they are read already. Never raises."""
    headers = headers or Headers(raw, 0, root.body_start)
    body, bodystructure = bodies(raw, root, headers)
    return Forms(_octets(envelope(headers)), _octets(body), _octets(bodystructure))


def _octets(form: str) -> bytes:
    return form.encode("utf-8", "replace")
