from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import plaintext


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear Bob,</p><p>seven it is.</p>", "Dear Bob,\n\nseven it is."),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("a<br>b", "a\nb"),
        ("<ul><li>cider</li><li>butter</li></ul>", "- cider\n- butter"),
        ("<ol><li>mix</li><li>wait</li></ol>", "1. mix\n2. wait"),
        ("<p>said</p><blockquote><p>yes</p><p>no</p></blockquote><p>end</p>", "said\n\n> yes\n>\n> no\n\nend"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"),
        ('<a href="https://crepes.fr/menu">the menu</a>', "the menu <https://crepes.fr/menu>"),
        ('<a href="https://crepes.fr/">crepes.fr</a>', "crepes.fr"),
        ('<a href="mailto:bob@hamburger.edu">bob@hamburger.edu</a>', "bob@hamburger.edu"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>x{}</style><b>bold</b> &amp; <i>thin</i>", "bold & thin"),
        ("", ""),
    ],
)
def test_it_writes_rich_text_as_plain_text(html, text):
    assert plaintext.from_html(html) == text


@given(st.text(alphabet="<>/bpulioaqre ='\"&;-!\nx", max_size=300))
def test_it_reads_any_markup(html):
    assert isinstance(plaintext.from_html(html), str)
