from __future__ import annotations

import time

import pytest

from mailserver.mail.spam import links
from mailserver.mail.spam.links import Link


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="http://A.example/x">a.example</a>', [Link("a.example", "a.example")]),
        (
            "<A target=x HREF='https://b.example:8443/'><i>www.bank.example/in?x=1</i></A>",
            [Link("b.example", "www.bank.example")],
        ),
        ('<a href="http&#58;//a.example">Read &amp; pay</a>', [Link("a.example", "")]),
        ('<a href="http://[::1">x</a><a href="//a.example">x</a><a name="x">x</a>', []),
        ('<a href="http://a.example">bank.example', [Link("a.example", "")]),
        ("<abbr href='http://a.example'>x</abbr>", []),
    ],
)
def test_it_finds_where_links_lead_and_what_they_say(html, found):
    assert list(links.find(html)) == found


def test_it_has_a_bound():
    assert len(links.find('<a href="http://a.example">x</a>' * 300)) == links.MAX_LINKS


@pytest.mark.parametrize("piece", ["<a href=", ' href="', " href='x", "<a ", "<a href='http://a.b'>", "a."])
def test_it_takes_no_square_time(piece):
    html = ("<a " + piece * 65536)[:65536]
    started = time.process_time()
    links.find(html)
    assert time.process_time() - started < 1
