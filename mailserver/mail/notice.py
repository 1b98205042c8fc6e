"""Mail that our server writes to its own people: plain words, and marked so that no program answers it (RFC 3834)."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime


def build(*, hostname: str, to: str, subject: str, text: str, date: datetime, message_id: str) -> bytes:
    """The octets of a notice."""
    message = EmailMessage(policy=SMTP.clone(utf8=not to.isascii()))
    message["From"] = f"Mail system of {hostname} <postmaster@{hostname}>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{message_id}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()
