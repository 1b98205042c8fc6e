"""Signing in at a smart host (RFC 4954): PLAIN, or LOGIN where that is all it knows. Over TLS only."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from mailserver.net.smtp_dialogue import Dialogue
from mailserver.net.smtp_results import SmtpFailure
from mailserver.net.smtp_wire import Answer
from mailserver.net.tls_policy import Login

_HIDDEN = "(hidden)"


async def sign_in(dialogue: Dialogue, extensions: Mapping[str, str], login: Login, seconds: float) -> None:
    """Raises SmtpFailure, never a final one: a wrong password is a fault of our settings, and mail waits for it."""
    if not dialogue.wire.tls:
        raise SmtpFailure(0, "4.7.0", "The smart host offers no encryption, and a password is not sent in clear")
    offered = extensions.get("AUTH", "").upper().split()
    if "PLAIN" in offered:
        words = base64.b64encode(f"\0{login.username}\0{login.password}".encode()).decode()
        answer = await dialogue.whisper(f"AUTH PLAIN {words}", f"AUTH PLAIN {_HIDDEN}", seconds)
    elif "LOGIN" in offered:
        answer = await _login(dialogue, login, seconds)
    else:
        raise SmtpFailure(0, "4.7.0", "The smart host offers no way to sign in that we know (AUTH PLAIN, LOGIN)")
    if not answer.positive:
        said = " ".join(filter(None, (str(answer.code), answer.enhanced, answer.text)))
        raise SmtpFailure(0, "4.7.0", f"The smart host does not take our name and password: {said}")


async def _login(dialogue: Dialogue, login: Login, seconds: float) -> Answer:
    """The old way, one question after the other."""
    answer = await dialogue.command("AUTH LOGIN", seconds)
    for secret in (login.username, login.password):
        if not answer.go_ahead:
            break
        answer = await dialogue.whisper(base64.b64encode(secret.encode()).decode(), _HIDDEN, seconds)
    return answer
