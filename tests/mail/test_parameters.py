from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import parameters
from mailserver.mail.headers import unfold
from tests.support import corpora


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("", "text/plain", {}),
        ("TEXT/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ("text", "text/plain", {}),
        ('a/b; name="x; y.pdf"; z=1', "a/b", {"name": "x; y.pdf", "z": "1"}),
        ("a/b; name=two words.pdf", "a/b", {"name": "two words.pdf"}),
        ('a/b; name="unclosed.pdf', "a/b", {"name": "unclosed.pdf"}),
        ("a/b; name*=utf-8'en'caf%C3%A9.pdf", "a/b", {"name": "café.pdf"}),
        ("a/b; name*0=caf; name*1=e.pdf", "a/b", {"name": "cafe.pdf"}),
        ("a/b; name*1*=%A9.pdf; name*0*=utf-8''caf%C3", "a/b", {"name": "café.pdf"}),
        ("a/b; name=plain; name*=utf-8''better", "a/b", {"name": "better"}),
        ('a/b; name="=?utf-8?q?caf=C3=A9.pdf?="', "a/b", {"name": "café.pdf"}),
        ("a/b;;; x=1;", "a/b", {"x": "1"}),
        ("a/b; x", "a/b", {}),
        ('a/b boundary="x" y=1', "a/b", {"boundary": "x", "y": "1"}),
        ("a / b", "a/b", {}),
        (r'a/b; name="a\"b"', "a/b", {"name": 'a"b'}),
    ],
)
def test_it_reads_a_content_type(text: str, kind: str, expected: dict[str, str]) -> None:
    assert parameters.content_type(text) == (kind, expected)


def test_it_reads_a_disposition() -> None:
    assert parameters.disposition('Attachment; filename="menu.pdf"') == ("attachment", {"filename": "menu.pdf"})
    assert parameters.disposition("") == ("", {})


# Cases of the table where parsers may differ: no semicolons at all, no value, contradicting pieces.
_AMBIGUOUS = (
    "application/pdf\n",
    "application/x-stuff\n",
    "inva/lid",
    "name=value",
    "=\n",
    "test/encoded",
    "malicious/",
    "text/plain; name=  \n",
    'message/external-body;\n    access-type=mail-server\n     server="',
    'image/jpeg;\n   name="=?iso-8859-1?B?4Q==?= =?utf-8?B?w6k=?=',
)


@corpora.needed
def test_it_agrees_with_the_content_type_table() -> None:
    differing = []
    for case in corpora.table("mail-parser-rfc", "tables/content_type.json"):
        expected, header = case["expected"], case["header"]
        if not expected or header.startswith(_AMBIGUOUS):
            continue
        kind, found = parameters.parse(unfold(header.rstrip("\r\n").encode()))
        wanted = "/".join(filter(None, (expected["c_type"], expected.get("c_subtype"))))
        attributes = {k: v for k, v in expected.get("attributes") or [] if not k.endswith("-language")}
        if (kind, found) != (wanted, attributes):
            differing.append((header, kind, found, wanted, attributes))
    assert differing == []


@pytest.mark.parametrize("piece", ['a="', "a=", ";", '\\"', "a*0*=%", "(", 'a="\\', "a" * 99, " ", "a*1="])
def test_it_reads_hostile_values_in_one_pass(piece: str) -> None:
    parameters.content_type("a/b;" + piece * (256 * 1024 // len(piece)))


@given(st.text(alphabet="ab/;=\"\\*'0 1%()?q_-", max_size=200))
def test_it_never_raises(text: str) -> None:
    kind, found = parameters.content_type(text)
    assert "/" in kind
    "".join(found.values()).encode()


@given(st.dictionaries(st.sampled_from(["name", "x"]), st.text(max_size=40)))
def test_quoted_values_come_back(values: dict[str, Any]) -> None:
    values = {k: v for k, v in values.items() if "=?" not in v and v.isprintable()}
    quoted = "".join('; {}="{}"'.format(k, v.replace("\\", "\\\\").replace('"', '\\"')) for k, v in values.items())
    assert parameters.content_type("a/b" + quoted) == ("a/b", values)
