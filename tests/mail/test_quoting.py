from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest

from mailserver.mail import quoting
from mailserver.mail.message import Parsed, parse

RAW = b"""From: Bob <bob@hamburger.edu>
To: Alice <alice@crepes.fr>
Subject: Pickles?
Date: Tue, 12 May 2026 12:05:00 +0000
Content-Type: text/html

<p>How about <b>pickles</b>?<script>x</script><img src="https://t.example/p"></p>
"""


@pytest.fixture
def parsed() -> Parsed:
    return parse(RAW)


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("Menu", "Re: Menu", "Fwd: Menu"),
        ("Re: Menu", "Re: Menu", "Fwd: Re: Menu"),
        ("AW: Menu", "AW: Menu", "Fwd: AW: Menu"),
        ("Fwd: Menu", "Re: Fwd: Menu", "Fwd: Menu"),
        ("", "Re:", "Fwd:"),
    ],
)
def test_subjects_are_marked_once(subject: str, reply: str, forward: str) -> None:
    assert (quoting.reply_subject(subject), quoting.forward_subject(subject)) == (reply, forward)


def test_it_names_time_and_person(parsed: Parsed) -> None:
    assert quoting.attribution(parsed, zone=timezone(timedelta(hours=2))) == "On 12 May 2026 at 14:05, Bob wrote:"
    assert quoting.attribution(parse(b"")) == "Somebody wrote:"


def test_it_quotes_text(parsed: Parsed) -> None:
    text = "Pickles?\n\n> ketchup\n-- \nBob"
    assert quoting.quote_text(parsed, text, zone=UTC) == (
        "On 12 May 2026 at 12:05, Bob wrote:\n> Pickles?\n>\n>> ketchup\n"
    )


def test_it_quotes_html_cleaned(parsed: Parsed) -> None:
    html = quoting.original_html(RAW, parsed.root)
    assert quoting.quote_html(parsed, html) == (
        '<p>On 12 May 2026 at 12:05, Bob wrote:</p><blockquote type="cite"><p>How about <b>pickles</b>?<img></p>\n'
        "</blockquote>"
    )


def test_it_reads_the_text_of_html(parsed: Parsed) -> None:
    assert quoting.original_text(RAW, parsed.root) == "How about pickles?"
    plain = b"\n<Bob> & co\n"
    assert quoting.original_html(plain, parse(plain).root) == "&lt;Bob&gt; &amp; co"


def test_it_passes_on(parsed: Parsed) -> None:
    assert quoting.forward_text(parsed, "Pickles?\n") == (
        "---------- Forwarded message ----------\nFrom: Bob <bob@hamburger.edu>\nDate: 12 May 2026 at 12:05\n"
        "Subject: Pickles?\nTo: Alice <alice@crepes.fr>\n\nPickles?\n"
    )
    html = quoting.forward_html(parsed, "<p>Pickles?</p>")
    assert html.startswith("<p>---------- Forwarded message ----------<br>From: Bob &lt;bob@hamburger.edu&gt;<br>")
    assert html.endswith("</p><p>Pickles?</p>")
