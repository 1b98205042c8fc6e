from __future__ import annotations

import pytest

from mailserver.mail.senderauth import authresults, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            "mx; spf=pass smtp.mailfrom=crepes.fr; dkim=pass header.d=crepes.fr",
            "Checked: the server may send for crepes.fr (SPF) and signed by crepes.fr (DKIM).",
        ),
        (
            "mx; spf=fail smtp.mailfrom=crepes.fr; dkim=fail header.d=crepes.fr",
            "Checked: the server may not send for crepes.fr (SPF) and its signature does not hold (DKIM).",
        ),
        (
            "mx; spf=none smtp.helo=mx.crepes.fr; dkim=none",
            "Checked: mx.crepes.fr does not say whether the server may send for it (SPF) and not signed (DKIM).",
        ),
        (
            "mx; spf=temperror smtp.mailfrom=crepes.fr; dkim=temperror header.d=crepes.fr",
            "Checked: the DNS did not say which servers may send it (SPF) and its signature could not be checked"
            " (DKIM).",
        ),
        (
            "mx; spf=softfail smtp.mailfrom=a.org; dkim=pass header.d=a.org; dkim=fail header.d=c.org;"
            " dkim=pass header.d=b.org",
            "Checked: the server should not send for a.org (SPF) and signed by a.org and b.org (DKIM).",
        ),
    ],
)
def test_it_says_what_was_found(value, text):
    assert words.told(authresults.read(value)).text == text


def test_it_warns_only_when_dmarc_failed():
    failed = authresults.read("mx; spf=none; dmarc=fail header.from=bank.example policy.dmarc=none")
    assert words.told(failed).warning.startswith("This may not be from bank.example")
    for word in ("pass", "none", "temperror", "permerror"):
        assert not words.told(authresults.read(f"mx; dmarc={word} header.from=bank.example")).warning
