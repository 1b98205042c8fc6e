from __future__ import annotations

import pytest

from mailserver.mail import structure, written


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<p onclick=x()>Hello <b>Bob</b><script>x()</script></p>", "<p>Hello <b>Bob</b></p>"),
        ('<a href="javascript:x()">link</a>', "<a>link</a>"),
        ('<p style="position:fixed">x</p>', "<p>x</p>"),
        ('<img src="cid:a@b" alt="a">', '<img src="cid:a@b" alt="a">'),
        ("<div><br></div>", ""),
        ("<p>&nbsp;</p>", ""),
        ("<!-- note --><p>x</p>", "<p>x</p>"),
    ],
)
def test_it_lets_only_rich_text_through(html, left):
    assert written.clean(html) == left


def test_it_finds_the_bodies_and_the_attachments():
    raw = (
        b'Content-Type: multipart/mixed; boundary="m"\r\n\r\n'
        b'--m\r\nContent-Type: multipart/alternative; boundary="a"\r\n\r\n'
        b"--a\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
        b"--a\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--a--\r\n"
        b"--m\r\nContent-Type: text/plain; name=list.txt\r\nContent-Disposition: attachment\r\n\r\ncider\r\n--m--\r\n"
    )
    found = written.parts(structure.scan(raw))
    assert found.text is not None
    assert found.html is not None
    assert (found.text.section, found.html.section) == ("1.1", "1.2")
    assert [part.name for part in found.attachments] == ["list.txt"]
