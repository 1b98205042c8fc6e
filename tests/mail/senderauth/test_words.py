from __future__ import annotations

import pytest

from mailserver.mail.senderauth import authresults, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            "mx; spf=pass smtp.mailfrom=crepes.fr; dkim=pass header.d=crepes.fr",
            "the server may send for crepes.fr (SPF), signed by crepes.fr (DKIM).",
        ),
        (
            "mx; spf=fail smtp.mailfrom=crepes.fr; dkim=fail header.d=crepes.fr",
            "the server may not send for crepes.fr (SPF), its signature does not hold (DKIM).",
        ),
        (
            "mx; spf=none smtp.helo=mx.crepes.fr; dkim=none",
            "mx.crepes.fr does not say whether the server may send for it (SPF), not signed (DKIM).",
        ),
        (
            "mx; spf=temperror smtp.mailfrom=crepes.fr; dkim=temperror header.d=crepes.fr",
            "the DNS did not say which servers may send it (SPF), its signature could not be checked (DKIM).",
        ),
        (
            "mx; spf=softfail smtp.mailfrom=a.org; dkim=pass header.d=a.org; dkim=fail header.d=c.org;"
            " dkim=pass header.d=b.org",
            "the server should not send for a.org (SPF), signed by a.org and b.org (DKIM).",
        ),
    ],
)
def test_it_says_what_was_found(value, text):
    assert words.told(authresults.read(value)).text == text


def test_it_warns_only_when_dmarc_failed():
    failed = authresults.read("mx; spf=none; dmarc=fail header.from=bank.example policy.dmarc=none")
    assert words.told(failed).warning == (
        "This may not be from bank.example: nothing shows that it was sent from there."
    )
    wanted = authresults.read("mx; dmarc=fail header.from=bank.example policy.dmarc=reject")
    assert words.told(wanted).warning.endswith(" bank.example asks not to trust such mail.")
    for word in ("pass", "none", "temperror", "permerror"):
        assert not words.told(authresults.read(f"mx; dmarc={word} header.from=bank.example")).warning
