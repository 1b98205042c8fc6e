from __future__ import annotations

import pytest

from mailserver.mail import autodiscover
from mailserver.mail.autodiscover import RESPONSE_SCHEMA, Question

REQUEST_SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"


def question(
    inside: str, *, start: str = '<?xml version="1.0" encoding="utf-8"?>', name: str = "Autodiscover"
) -> bytes:
    return f'{start}<{name} xmlns="{REQUEST_SCHEMA}"><Request>{inside}</Request></{name}>'.encode()


WANTED = f"<AcceptableResponseSchema>{RESPONSE_SCHEMA}</AcceptableResponseSchema>"
ALICE = f"<EMailAddress>alice@crepes.fr</EMailAddress>{WANTED}"
BILLION = (
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 9))
    + "]>"
)


def test_it_reads_whose_settings_are_asked_for():
    assert autodiscover.read(question(ALICE)) == Question("alice@crepes.fr", RESPONSE_SCHEMA)


def test_it_reads_spaces_escapes_and_prefixes():
    body = (
        f'<a:Autodiscover xmlns:a="{REQUEST_SCHEMA}"><a:Request>\r\n <a:EMailAddress>\r\n a&amp;b@cr\u00eapes.fr '
        "</a:EMailAddress><a:LegacyDN/></a:Request></a:Autodiscover>"
    )
    assert autodiscover.read(body.encode()) == Question("a&b@crêpes.fr", "")


def test_it_reads_utf_16_by_its_mark():
    assert autodiscover.read(question(ALICE, start="").decode().encode("utf-16")).address == "alice@crepes.fr"


def test_the_first_of_each_counts():
    twice = question(f"{ALICE}<EMailAddress>bob@hamburger.edu</EMailAddress>")
    assert autodiscover.read(twice).address == "alice@crepes.fr"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<Autodiscover>",
        b"\xff\xfe\x00",
        question(ALICE)[:-5],
        question(ALICE, name="Envelope"),
        b"<Autodiscover><Response/></Autodiscover>",
        question("<EMailAddress>\xff</EMailAddress>").replace("\xff".encode(), b"\xff"),
        question("<a><b><c/></b></a>"),
        question(ALICE + " " * autodiscover.MAX_SIZE),
        question("<EMailAddress>&a8;</EMailAddress>", start=BILLION),
        question("<EMailAddress>&x;</EMailAddress>", start='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        question(ALICE, start='<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">'),
        question("<EMailAddress>&x;</EMailAddress>"),
        question("\x00"),
    ],
    ids=[
        *(
            "empty",
            "text",
            "cut",
            "octets",
            "end missing",
            "other root",
            "other child",
            "no utf-8",
            "deep",
        ),
        *("large", "billion laughs", "file", "dtd", "unknown entity", "nul"),
    ],
)
def test_it_takes_nothing_else(body):
    assert autodiscover.read(body) is None


def test_it_reads_what_a_question_does_not_say_as_empty():
    assert autodiscover.read(question("")) == Question("", "")
