from __future__ import annotations

import hashlib
import re

import dns.rdatatype
import dns.zone
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailserver.practice.certificates import self_signed
from mailserver.services import dkimkeys, dnsrecords, mta_sts
from tests.services.test_programs import PUBLIC


@pytest.fixture
def public(configure):
    configure(
        hostname="mx.crepes.fr",
        public_host="mail.crepes.fr",
        public_ports=PUBLIC,
        allowed_hosts=("127.0.0.1", "localhost", "[::1]", ".crepes.fr", "webmail.crepes.fr", "crepes.fr"),
    )
    return configure


def values(kind: str, domain: str = "crepes.fr") -> dict[str, str]:
    return {record.name: record.value for record in dnsrecords.records(domain) if record.kind == kind}


def test_it_names_where_mail_comes_in_and_who_may_send(public, domains):
    assert values("MX") == {"crepes.fr": "10 mx.crepes.fr."}
    assert values("TXT") == {
        "crepes.fr": "v=spf1 mx -all",
        "_dmarc.crepes.fr": "v=DMARC1; p=quarantine",
        "_smtp._tls.crepes.fr": "v=TLSRPTv1; rua=mailto:postmaster@crepes.fr",
    }


def test_it_lists_the_keys_that_sign_and_those_before_and_after(public, domains):
    old, new = (dkimkeys.make("crepes.fr", selector=name, kind="ed25519") for name in ("old", "new"))
    rsa, following = dkimkeys.prepare("crepes.fr")
    dkimkeys.make("hamburger.edu", selector="theirs", kind="ed25519")
    keys = [record for record in dnsrecords.records("crepes.fr") if record.purpose == "dkim"]
    assert [(key.name, key.value) for key in keys] == [(key.name, key.text) for key in (rsa, following, new, old)]
    assert [key.key.state for key in keys if key.key] == ["next", "next", "active", "retired"]


def test_it_lists_what_makes_others_encrypt(public, domains, tmp_path):
    (tmp_path / "cert.pem").write_bytes(self_signed("mx.crepes.fr"))
    public(tls_cert=tmp_path / "cert.pem")
    key = x509.load_pem_x509_certificate((tmp_path / "cert.pem").read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    assert values("TLSA") == {"_25._tcp.mx.crepes.fr": f"3 1 1 {digest}"}
    assert "mta-sts.crepes.fr" not in values("CNAME")
    ids = []
    for mode in ("testing", "enforce", "none"):
        mta_sts.change(domain_id=domains["crepes.fr"].pk, mode=mode, reports_to="tls%reports+x@crepes.fr")
        ids.append(values("TXT")["_mta-sts.crepes.fr"])
        assert re.fullmatch(r"v=STSv1; id=[0-9a-f]{20}", ids[-1])
    assert len(set(ids)) == 3
    assert values("TXT")["_smtp._tls.crepes.fr"] == "v=TLSRPTv1; rua=mailto:tls%25reports+x@crepes.fr"
    assert values("CNAME")["mta-sts.crepes.fr"] == "webmail.crepes.fr."
    (tmp_path / "cert.pem").write_text("nonsense")
    assert values("TLSA") == {}


def test_it_lists_the_servers_with_imap_and_tls_preferred(public, domains):
    assert values("SRV") == {
        "_imaps._tcp.crepes.fr": "0 1 993 mail.crepes.fr.",
        "_imap._tcp.crepes.fr": "10 1 143 mail.crepes.fr.",
        "_pop3s._tcp.crepes.fr": "20 1 995 mail.crepes.fr.",
        "_pop3._tcp.crepes.fr": "30 1 110 mail.crepes.fr.",
        "_submissions._tcp.crepes.fr": "0 1 465 mail.crepes.fr.",
        "_submission._tcp.crepes.fr": "10 1 587 mail.crepes.fr.",
        "_autodiscover._tcp.crepes.fr": "0 1 443 webmail.crepes.fr.",
    }


def test_it_says_of_a_door_that_is_shut_that_there_is_none(public, domains):
    public(public_ports={**PUBLIC, "pop3": 0})
    assert values("SRV")["_pop3._tcp.crepes.fr"] == "0 0 0 ."


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_it_never_leads_others_to_their_own_machine(public, domains, host):
    public(public_host=host, allowed_hosts=("localhost", "127.0.0.1", "[::1]", "*"))
    assert values("SRV")["_imaps._tcp.crepes.fr"] == "0 1 993 mx.crepes.fr."
    assert set(values("CNAME").values()) == {"mx.crepes.fr."}


def test_it_points_the_names_programs_ask_at_to_the_page(public, domains):
    assert values("CNAME") == {
        "autoconfig.crepes.fr": "webmail.crepes.fr.",
        "autodiscover.crepes.fr": "webmail.crepes.fr.",
    }


def test_its_lines_are_a_zone(public, domains):
    made = dkimkeys.make("crepes.fr", selector="mail", kind="rsa")
    head = "@ 3600 IN SOA ns.example. root.example. 1 2 3 4 5\n@ 3600 IN NS ns.example.\n"
    lines = "\n".join(record.line for record in dnsrecords.records("crepes.fr"))
    zone = dns.zone.from_text(f"$TTL 3600\n{head}{lines}\n", origin="crepes.fr.")
    key = zone.get_rdataset("mail._domainkey", "TXT")[0]
    assert b"".join(key.strings).decode() == made.text
    assert len(key.strings) == 2
    assert zone.get_rdataset("_imaps._tcp", "SRV")[0].port == 993
    kinds = [dns.rdatatype.to_text(found.rdtype) for _, found in zone.iterate_rdatasets()]
    assert (kinds.count("SRV"), kinds.count("CNAME"), kinds.count("TXT")) == (7, 2, 4)
