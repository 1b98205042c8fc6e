from __future__ import annotations

import pytest

from mailserver.mail.tlsrpt import record

WANTED = [
    (b"v=TLSRPTv1; rua=mailto:reports@example.org", ["mailto:reports@example.org"]),
    (b"v=TLSRPTv1;rua=https://a.example/r?x=1,mailto:a@b.example;", ["https://a.example/r?x=1", "mailto:a@b.example"]),
    (b"v=TLSRPTv1; rua=mailto:a@b.example , mailto:a@b.example", ["mailto:a@b.example"]),
    (b"v=TLSRPTv1; rua=http://a.example/,ftp://x,https://,mailto:nobody,mailto:a@b%0d%0a.example", []),
    (b"rua=mailto:a@b.example; v=TLSRPTv1", []),
    (b"v=TLSRPTv2; rua=mailto:a@b.example", []),
    (b"v=TLSRPTv1", []),
    (b"\xff\xfe", []),
    (b"v=TLSRPTv1; rua=" + b",".join(b"mailto:a%d@b.example" % at for at in range(9)), 5),
    (b"v=TLSRPTv1; rua=https://a.example/" + b"x" * 2000, []),
]


@pytest.mark.parametrize(("text", "wanted"), WANTED, ids=range(len(WANTED)))
def test_it_reads_who_wants_reports(text, wanted):
    found = record.uris([b"v=spf1 -all", text])
    assert (len(found) if isinstance(wanted, int) else found) == wanted


def test_two_records_are_none():
    assert record.uris([b"v=TLSRPTv1; rua=mailto:a@b.example"] * 2) == []


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("mailto:tls%2Breports@Example.org?subject=x", "tls+reports@example.org"),
        ("MAILTO:a@b.example", "a@b.example"),
        ("mailto:%FF@b.example", ""),
        ("https://b.example/", ""),
        ("mailto:a@b.example%0D%0ARCPT", ""),
    ],
)
def test_it_reads_the_address_of_a_uri(uri, address):
    assert record.mailbox(uri) == address
