"""The checks of a sender as a sentence for the reader."""

from __future__ import annotations

from dataclasses import dataclass

from mailserver.mail.senderauth.authresults import Method, Results


@dataclass(frozen=True, slots=True)
class Told:
    """`text` says what was found, to follow "Checked:"; `warning` is "" unless the author is probably another one."""

    text: str
    warning: str = ""


def told(results: Results) -> Told:
    """What a reader wants to know of the results that our own server wrote."""
    spf, dmarc = _first(results, "spf"), _first(results, "dmarc")
    found = [*_spf(spf), *_dkim(results)]
    author = dmarc.properties.get("header.from", "")
    warning = _warning(author, dmarc.properties.get("policy.dmarc", ""))
    return Told(f"{', '.join(found)}.", warning if dmarc.result == "fail" and author else "")


def _warning(author: str, policy: str) -> str:
    distrust = f" {author} asks not to trust such mail." if policy in ("quarantine", "reject") else ""
    return f"This may not be from {author}: nothing shows that it was sent from there.{distrust}"


def _spf(spf: Method) -> list[str]:
    domain = spf.properties.get("smtp.mailfrom") or spf.properties.get("smtp.helo") or "its domain"
    return {
        "pass": [f"the server may send for {domain} (SPF)"],
        "fail": [f"the server may not send for {domain} (SPF)"],
        "softfail": [f"the server should not send for {domain} (SPF)"],
        "temperror": ["the DNS did not say which servers may send it (SPF)"],
        "permerror": [f"what {domain} says about its servers cannot be understood (SPF)"],
    }.get(spf.result, [f"{domain} does not say whether the server may send for it (SPF)"])


def _dkim(results: Results) -> list[str]:
    signatures = [method for method in results.methods if method.name == "dkim" and method.result != "none"]
    signers = [method.properties.get("header.d", "") for method in signatures if method.result == "pass"]
    if signers:
        return [f"signed by {_joined(list(dict.fromkeys(filter(None, signers))))} (DKIM)"]
    if any(method.result == "temperror" for method in signatures):
        return ["its signature could not be checked (DKIM)"]
    return ["its signature does not hold (DKIM)"] if signatures else ["not signed (DKIM)"]


def _joined(items: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def _first(results: Results, name: str) -> Method:
    return next((method for method in results.methods if method.name == name), Method(name, "none"))
