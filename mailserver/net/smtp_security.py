"""What a policy makes of one session: how it is encrypted, why that failed, how it is told and counted."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from mailserver.net import dane, tls
from mailserver.net.dane import DaneFailed
from mailserver.net.mx import Hop
from mailserver.net.smtp_results import Protection
from mailserver.net.smtp_wire import Wire
from mailserver.net.tls_findings import TlsFinding
from mailserver.net.tls_policy import Rung, TlsPolicy

# X509_V_ERR_* of OpenSSL.
_NOT_YET, _EXPIRED, _WRONG_HOST, _WRONG_ADDRESS = 9, 10, 62, 64

POLICY_TYPES = {"sts": "sts", "dane": "tlsa"}


class TlsFailed(Exception):
    """The session cannot be protected as it should, and is lost. `result` is a word of RFC 8460 §4.3."""

    def __init__(self, result: str, text: str, status: str = "4.7.5") -> None:
        super().__init__(text)
        self.result = result
        self.text = text
        self.status = status


@dataclass(frozen=True, slots=True)
class Secured:
    """How a session stands: the way that worked, and what went wrong on a stricter one before."""

    rung: Rung
    encrypted: bool
    proof: str = ""
    trouble: str = ""


async def encrypt(wire: Wire, hop: Hop, rung: Rung) -> str:
    """The handshake; how the server proved who it is, "" when nobody asked. Raises TlsFailed, OSError."""
    try:
        if rung == "verify":
            await wire.start_tls(tls.verifying_context(hop.policy.authorities), hop.host)
            return f"its certificate is valid for {hop.host}"
        # RFC 7672 §3.2.2: the certificate is of the name whose TLSA records count, or of the domain that mail is for.
        base = hop.policy.base or hop.host
        await wire.start_tls(tls.client_context(), tls.server_name(base))
        if rung != "dane":
            return ""
        return dane.check(hop.policy.records, wire.presented, (base, hop.policy.domain))
    except ssl.SSLCertVerificationError as wrong:
        raise TlsFailed(_result(wrong.verify_code), f"The certificate of {hop.host}: {wrong.verify_message}") from wrong
    except DaneFailed as wrong:
        raise TlsFailed(wrong.result, wrong.text) from wrong


def broken(error: OSError) -> TlsFailed:
    """A handshake that failed for another reason than the certificate."""
    words = (error.reason if isinstance(error, ssl.SSLError) else "") or str(error)
    return TlsFailed("validation-failure", (os.strerror(error.errno) if not words and error.errno else words))


def not_offered(hop: Hop) -> TlsFailed:
    return TlsFailed("starttls-not-supported", f"{hop.host} does not offer encryption", "4.7.4")


def finding(hop: Hop, result: str, reason: str, sending_ip: str = "") -> Sequence[TlsFinding]:
    """How RFC 8460 counts a session; nothing for a route, which no domain asks about."""
    policy = hop.policy
    if not policy.domain:
        return ()
    kind = POLICY_TYPES.get(policy.source, "no-policy-found")
    found = TlsFinding(
        kind, policy.domain, policy.lines, policy.mx_patterns, result, hop.host, hop.address, sending_ip, reason
    )
    return (found,)


def protection(policy: TlsPolicy, secured: Secured | None, failure: str = "") -> Protection:
    """How the session is told of; without `secured` none came about."""
    tested = _TESTED if policy.level in ("test", "may") else ""
    asks = _ASKS[policy.source].format(domain=policy.domain, tested=tested)
    if secured is None:
        return Protection(policy.source, False, _joined(asks, failure))
    if secured.proof:
        return Protection(policy.source, True, _joined(asks, f"The server proved who it is: {secured.proof}"))
    if not secured.encrypted:
        how = secured.trouble or "The server offers no encryption"
        return Protection(policy.source, False, _joined(asks, f"{how}, so it went in clear"))
    unproven = (
        secured.trouble
        or policy.reason
        or ("" if policy.source == "none" else "No proof of who the server is was needed")
    )
    return Protection(policy.source, False, _joined(asks, unproven or "Nobody asked the server to prove who it is"))


_TESTED = ", for now as a test"
_ASKS = {
    "none": "",
    "sts": "The policy of {domain} asks for proven encryption (MTA-STS){tested}",
    "dane": "The DNS of {domain} names its certificate (DANE)",
    "route": "The administrator set how this route is protected",
    "requiretls": "The sender asked for encryption all the way (REQUIRETLS)",
}


def _joined(*sentences: str) -> str:
    return ". ".join(sentence[0].upper() + sentence[1:].rstrip(".") for sentence in sentences if sentence)


def _result(code: int) -> str:
    if code in (_NOT_YET, _EXPIRED):
        return "certificate-expired"
    return "certificate-host-mismatch" if code in (_WRONG_HOST, _WRONG_ADDRESS) else "certificate-not-trusted"
