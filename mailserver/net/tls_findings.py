"""What the sessions with other servers are counted by in the reports of RFC 8460."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsFinding:
    """One session with a server as RFC 8460 counts it; result_type "" is a success.

    `policy_type` is "sts", "tlsa" or "no-policy-found", `policy_domain` the recipients' domain as A-labels;
    `policy_strings` are the lines of the policy or the TLSA records, `mx_patterns` the mx of the sts policy.
    `result_type` is a word of RFC 8460 §4.3; `sending_ip` is "" when no connection was made; `reason` is in our words.
    """

    policy_type: str
    policy_domain: str
    policy_strings: tuple[str, ...]
    mx_patterns: tuple[str, ...]
    result_type: str
    receiving_mx: str
    receiving_ip: str
    sending_ip: str
    reason: str
