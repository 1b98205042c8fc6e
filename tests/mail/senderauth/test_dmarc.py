from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.senderauth import dmarc
from mailserver.mail.senderauth.results import Dkim, Spf

REJECT = b"v=DMARC1; p=reject"


def written(value: str) -> bytes:
    return f"From: {value}\r\nSubject: x\r\n\r\nHi\r\n".encode()


def judged(*records: bytes, author="crepes.fr", spf=None, dkim=(), org=()):
    """The answer for one author, whose own record is `records` and that of its organisation `org`."""
    names = dmarc.record_names(author)
    answers = dict(zip(names, (list(records), list(org)), strict=False))
    found, disposition = dmarc.judge([author], answers, spf or Spf("none"), dkim)
    return found.result, disposition


@pytest.mark.parametrize(
    ("value", "domains"),
    [
        ("Alice <alice@Crepes.FR>", ("crepes.fr",)),
        ("Alice <alice@crepes.fr.>", ("crepes.fr",)),
        ("alice@crêpes.example", ("xn--crpes-isa.example",)),
        ("a@x.org, b@y.org, c@x.org", ("x.org", "y.org")),
        ("alice@[192.0.2.1]", ("",)),
        ("Alice", ()),
        ("", ()),
        ('"bank@bank.example" <eve@evil.example>', ("evil.example",)),
    ],
)
def test_it_finds_the_domains_of_the_author(value, domains):
    assert dmarc.author_domains(written(value)) == domains


def test_it_reads_every_from_field_and_the_sender_when_there_is_none():
    assert dmarc.author_domains(b"From: a@x.org\r\nFrom: b@y.org\r\n\r\n") == ("x.org", "y.org")
    assert dmarc.author_domains(b"Sender: a@x.org\r\n\r\n") == ("x.org",)
    assert dmarc.author_domains(b"Hi\r\n") == ()


@pytest.mark.parametrize(
    ("domain", "organisation"),
    [
        ("a.b.example.co.uk", "example.co.uk"),
        ("example.com", "example.com"),
        ("co.uk", "co.uk"),
        ("a.b.test", "b.test"),
    ],
)
def test_it_knows_the_organisation(domain, organisation):
    assert dmarc.organisational(domain) == organisation


def test_it_asks_for_the_author_and_the_organisation():
    assert dmarc.questions(["mail.crepes.fr", "", "crepes.fr"]) == ("_dmarc.mail.crepes.fr", "_dmarc.crepes.fr")
    assert dmarc.questions([f"d{number}.org" for number in range(6)]) == ()


@pytest.mark.parametrize(
    ("record", "policy"),
    [
        (b"v=DMARC1; p=reject", "reject"),
        (b"v=DMARC1;p=Quarantine;", "quarantine"),
        (b"v=DMARC1; p=none; junk; =; rua=mailto:x@y", "none"),
        (b"v=DMARC1; p=nonsense; rua=mailto:x@y", "none"),
        (b"v=DMARC1; p=reject; p=none", "reject"),
        (b"v=DMARC1; p=nonsense", None),
        (b"v=DMARC1", None),
        (b"v=DMARC2; p=reject", None),
        (b"p=reject; v=DMARC1", None),
        (b"v=spf1 -all", None),
        (b"\xff\xfe", None),
    ],
)
def test_it_reads_records(record, policy):
    found = dmarc.read([b"unrelated", record])
    assert (found.policy if found else None) == policy


def test_it_reads_no_record_of_two():
    assert dmarc.read([REJECT, REJECT]) is None


@pytest.mark.parametrize(
    ("spf", "dkim", "record", "answer"),
    [
        (Spf("pass", "crepes.fr"), (), REJECT, ("pass", "none")),
        (Spf("pass", "mail.crepes.fr"), (), REJECT, ("pass", "none")),
        (Spf("pass", "mail.crepes.fr"), (), REJECT + b"; aspf=s", ("fail", "reject")),
        (Spf("pass", "hamburger.edu"), (), REJECT, ("fail", "reject")),
        (Spf("pass", "crepes.fr", "helo"), (), REJECT, ("pass", "none")),
        (Spf("fail", "crepes.fr"), (Dkim("pass", "crepes.fr"),), REJECT, ("pass", "none")),
        (Spf("none"), (Dkim("pass", "x.crepes.fr"),), REJECT, ("pass", "none")),
        (Spf("none"), (Dkim("pass", "x.crepes.fr"),), REJECT + b"; adkim=s", ("fail", "reject")),
        (Spf("none"), (Dkim("fail", "crepes.fr"), Dkim("pass", "crepes.fr")), REJECT, ("pass", "none")),
        (Spf("none"), (Dkim("policy", "crepes.fr"),), REJECT, ("fail", "reject")),
        (Spf("none"), (Dkim("pass", "hamburger.edu"),), b"v=DMARC1; p=quarantine", ("fail", "quarantine")),
        (Spf("none"), (), b"v=DMARC1; p=none", ("fail", "none")),
        (Spf("softfail", "crepes.fr"), (), REJECT + b"; pct=50", ("fail", "quarantine")),
        (Spf("none"), (), b"v=DMARC1; p=quarantine; pct=0", ("fail", "none")),
        (Spf("none"), (), REJECT + b"; pct=all", ("fail", "reject")),
        (Spf("temperror", "crepes.fr"), (), REJECT, ("temperror", "none")),
        (Spf("temperror", "hamburger.edu"), (), REJECT, ("fail", "reject")),
        (Spf("fail", "crepes.fr"), (Dkim("temperror", "crepes.fr"),), REJECT, ("temperror", "none")),
    ],
)
def test_it_asks_what_spf_and_dkim_prove_about_the_author(spf, dkim, record, answer):
    assert judged(record, spf=spf, dkim=dkim) == answer


def test_it_says_none_without_a_record():
    assert judged() == ("none", "none")


def test_it_looks_at_the_organisation_for_subdomains():
    assert judged(author="x.crepes.fr", org=[REJECT]) == ("fail", "reject")
    assert judged(author="x.crepes.fr", org=[REJECT + b"; sp=none"]) == ("fail", "none")
    assert judged(b"v=DMARC1; p=quarantine", author="x.crepes.fr", org=[REJECT]) == ("fail", "quarantine")


def test_it_lets_mail_in_when_the_dns_does_not_answer():
    assert dmarc.judge(["crepes.fr"], {}, Spf("fail"), ())[1] == "none"
    assert dmarc.judge(["crepes.fr"], {"_dmarc.crepes.fr": None}, Spf("fail"), ())[0].result == "temperror"


def test_it_takes_the_worst_answer_of_several_authors():
    answers = {"_dmarc.crepes.fr": [], "_dmarc.bank.example": [REJECT]}
    found, disposition = dmarc.judge(["crepes.fr", "bank.example"], answers, Spf("pass", "crepes.fr"), ())
    assert (found.result, found.domain, disposition) == ("fail", "bank.example", "reject")


def test_it_files_mail_of_very_many_authors_as_spam():
    domains = dmarc.author_domains(written(", ".join(f"a@d{number}.org" for number in range(9))))
    assert dmarc.judge(domains, {}, Spf("none"), ()) == (dmarc.Dmarc("permerror"), "quarantine")


def test_it_has_no_answer_without_an_author_or_a_domain():
    assert dmarc.judge([], {}, Spf("none"), ()) == (dmarc.Dmarc("none"), "none")
    assert dmarc.judge([""], {}, Spf("none"), ()) == (dmarc.Dmarc("permerror"), "none")


@given(st.binary(max_size=300))
def test_it_survives_any_record(record):
    for octets in (record, b"v=DMARC1; p=reject;" + record):
        judged(octets)


@given(st.binary(max_size=300))
def test_it_survives_any_header(octets):
    domains = dmarc.author_domains(b"From: " + octets)
    dmarc.judge(domains, {name: [REJECT] for name in dmarc.questions(domains)}, Spf("none"), ())
