"""The answer of a practice server to mail for echo@: sent back by SMTP to our own MX, as a stranger's server would."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import default
from email.utils import formatdate, make_msgid

_PATH = re.compile(r"<([^>]*)>")
ECHO = "echo@"


def answers(commands: list[str], message: bytes) -> list[EmailMessage]:
    """One for each recipient that echoes; none to reports and answers of machines (RFC 3834 §2)."""
    spoken = [(command[:4].upper(), found[1]) for command in commands if (found := _PATH.search(command))]
    start = max((place for place, (verb, _) in enumerate(spoken) if verb == "MAIL"), default=0)
    sender = spoken[start][1] if spoken else ""
    headers = BytesHeaderParser(policy=default).parsebytes(message)
    if not sender or headers.get("Auto-Submitted", "no") != "no":
        return []
    echoing = [address for verb, address in spoken[start:] if verb == "RCPT" and address.startswith(ECHO)]
    return [_answer(address, sender, str(headers["Subject"] or ""), headers["Message-ID"]) for address in echoing]


def _answer(own: str, sender: str, subject: str, message_id: str | None) -> EmailMessage:
    answer = EmailMessage()
    answer["From"] = f"Echo <{own}>"
    answer["To"] = sender
    answer["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    answer["Date"] = formatdate(localtime=True)
    answer["Message-ID"] = make_msgid(domain=own.partition("@")[2])
    answer["Auto-Submitted"] = "auto-replied"
    if message_id:
        answer["In-Reply-To"] = answer["References"] = message_id
    answer.set_content("Your message arrived here on the practice internet. This answer came back by SMTP.\n")
    return answer


def send(answer: EmailMessage, mx: tuple[str, int], helo: str, source: str) -> None:
    """Hand it over. Raises OSError and smtplib.SMTPException when our MX does not take it."""
    with smtplib.SMTP(*mx, local_hostname=helo, timeout=30, source_address=(source, 0)) as client:
        client.send_message(answer)
