from __future__ import annotations

import pytest

from mailserver.mail.searchkeys import All, HeaderHas, Not, TextHas
from mailserver.store.models import Message

pytestmark = pytest.mark.django_db

HEADERS = [
    (("SUBJECT", "CRÊPE"), True),
    (("subject", "pe ni"), True),
    (("Subject", "bob"), False),
    (("SUBJECT", ""), True),
    (("SUBJECT", "%"), False),
    (("SUBJECT", "c_e"), False),
    (("FROM", "hamburger"), True),
    (("FROM", "Bob <bob@hamburger.edu>"), True),
    (("FROM", '"Bob" <BOB@'), True),
    (("FROM", "tomás"), True),
    (("FROM", "alice"), False),
    (("TO", "alice"), True),
    (("TO", "carol"), False),
    (("CC", "carol@"), True),
    (("CC", "alice"), False),
    (("BCC", "dave"), True),
    (("BCC", "carol"), False),
    (("X-Spam", "yes"), True),
    (("x-spam", ""), True),
    (("X-Spam", "bar"), False),
    (("X-Spam", "very much"), True),
    (("X-Spa", "yes"), False),
    (("X-Wörter", "yes"), False),
    (("Comments", "grüße aus"), True),
    (("Comments", "gruss"), True),
    (("Comments", "\\o/ 100%"), True),
    (("Comments", "=?utf-8"), False),
    (("Message-ID", "<Menu.1@hamburger.edu>"), True),
    (("Message-ID", "menu.1@"), True),
    (("Message-ID", "<menu"), True),
    (("Message-ID", "<Menu.1@hamburger.ed>"), False),
    (("Received", "x.pt"), False),
]


@pytest.mark.parametrize(("asked", "expected"), HEADERS, ids=[f"{name} {text}" for (name, text), _ in HEADERS])
@pytest.mark.parametrize("long", [False, True], ids=["short", "long"])
def test_it_finds_header_fields(put, find, asked, expected, long):
    """`long`: so many recipients that the folded column is cut, in front of whom is asked for."""
    many = "".join(f"Guest {number} <guest{number}@x.pt>, " for number in range(60)) if long else ""
    uid = put(
        sender="Bob <bob@hamburger.edu>, =?utf-8?q?Tom=C3=A1s?= <tomas@x.pt>",
        to=f"{many}Alice <alice@crepes.fr>",
        message_id="Menu.1@hamburger.edu",
        extra="Cc: Carol <carol@x.pt>\r\nBcc: Dave <dave@x.pt>\r\nX-Spam: yes, very\r\n\tmuch\r\n"
        "Comments: =?utf-8?b?R3LDvMOf?=\r\n =?utf-8?q?e?= aus Bremen \\o/ 100%\r\n",
    )
    put(sender="Eve <eve@x.pt>", to="Frank <frank@x.pt>", subject="Galette", message_id="other@x.pt")
    found = find(HeaderHas(*asked))
    assert (uid in found) is expected
    assert find(Not(HeaderHas(*asked))) == [other for other in find(All()) if other not in found]


def test_the_fields_that_delivery_added_are_in_the_header(put, find):
    uid = put()
    Message.objects.update(prefix=b"Delivered-To: alice@crepes.fr\r\n")
    assert find(HeaderHas("Delivered-To", "alice")) == find(TextHas("delivered-to: al")) == [uid]
