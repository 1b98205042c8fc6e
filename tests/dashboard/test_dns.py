"""What to put into the DNS for a domain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.practice.certificates import self_signed
from mailserver.services import dkimkeys, dnstexts
from mailserver.services.domains import add_domain
from tests.support.dns import FakeEvidence
from tests.webmail.reading import only, page, signed_in, texts


def test_it_lists_the_records_of_a_domain(office, domains):
    made = dkimkeys.make("crepes.fr", selector="mail", kind="ed25519")
    tree = page(office.get(f"/admin/dns/{domains['crepes.fr'].pk}/"))
    assert texts(tree, "h1") == ["DNS records of crepes.fr"]
    assert texts(tree, ".record h2") == [
        *("MX", "SPF", "DKIM", "DMARC", "MTA-STS", "TLS reports", "DANE (TLSA)"),
        *("Servers for mail programs", "Settings for mail programs", "Zone file"),
    ]
    shown = texts(tree, ".value code")
    for name in ("_imaps", "_imap", "_pop3s", "_pop3", "_submissions", "_submission", "_autodiscover"):
        assert f"{name}._tcp.crepes.fr SRV" in shown
    assert {"autoconfig.crepes.fr CNAME", "autodiscover.crepes.fr CNAME", made.text} <= set(shown)
    zone = only(tree, "pre").text()
    assert f'{made.name}. TXT "{made.text}"' in zone.splitlines()
    copies = tree.css("[data-behaviour=copy]")
    assert copies[-1].attributes["data-text"] == zone
    assert [copy.attributes["data-text"] for copy in copies[:-1]] == shown[1::2]


def test_it_makes_keys_and_tells_how_far_they_are(office, domains, monkeypatch):
    url = f"/admin/dns/{domains['crepes.fr'].pk}/"
    begin, look = ({"act": name} for name in ("begin", "look"))
    assert "Nothing is signed yet" in texts(page(office.get(url)), ".record p")[2]
    assert texts(page(office.post(f"{url}act/", begin, follow=True)), ".acts button") == ["Ask the DNS now"]
    keys = dkimkeys.published("crepes.fr")
    zone = FakeEvidence({key.name: [("TXT", key.text)] for key in keys})
    monkeypatch.setattr(dnstexts, "DnsResolver", lambda *given: zone)
    tree = page(office.get(url))
    assert [note.partition(":")[0] for note in texts(tree, ".value .warn")] == [
        "RSA. To be published",
        "Ed25519. To be published",
    ]
    tree = page(office.post(f"{url}act/", look, follow=True))
    assert [note.partition(" since")[0] for note in texts(tree, ".value .good")] == ["RSA. Signs", "Ed25519. Signs"]
    assert texts(tree, ".acts button") == ["Ask the DNS now", "Make new keys"]
    dkimkeys.make("crepes.fr", kind="rsa")
    tree = page(office.get(url))
    assert "Leave the record until" in only(tree, ".value .small.soft").text()
    assert "was not asked yet" in only(tree, ".value .warn").text()


@pytest.mark.parametrize("act", ["", "rotate", "turn"])
def test_it_does_nothing_else(office, domains, act):
    url = f"/admin/dns/{domains['crepes.fr'].pk}/act/"
    assert office.post(url, {"act": act}).status_code == 404
    assert office.get(url).status_code == 405


def test_it_keeps_the_record_of_another_zone_out_of_the_zone_file(office, domains, settings, tmp_path):
    (tmp_path / "cert.pem").write_bytes(self_signed("mx.example.org"))
    settings.CORREIO = replace(settings.CORREIO, hostname="mx.example.org", tls_cert=tmp_path / "cert.pem")
    tree = page(office.get(f"/admin/dns/{domains['crepes.fr'].pk}/"))
    assert "_25._tcp.mx.example.org TLSA" in texts(tree, ".value code")
    assert "TLSA" not in only(tree, "pre").text()
    assert "_smtp._tls.crepes.fr. TXT" in only(tree, "pre").text()


def test_it_is_found_from_the_domains(office, domains):
    url = f"/admin/dns/{domains['crepes.fr'].pk}/"
    assert page(office.get("/admin/store/domain/")).css(f"a[href='{url}']")
    assert page(office.get(f"/admin/store/domain/{domains['crepes.fr'].pk}/change/")).css(f"a[href='{url}']")
    assert not page(office.get("/admin/store/domain/add/")).css("a[href^='/admin/dns/']")


def test_it_has_records_only_for_domains_that_are_here(office, domains):
    moved = add_domain("moved.example", hosted=False)
    assert office.get(f"/admin/dns/{moved.pk}/").status_code == 404
    assert office.get("/admin/dns/999999/").status_code == 404
    assert office.get("/admin/dns/99999999999999999999/").status_code == 404
    assert not page(office.get("/admin/store/domain/")).css(f"a[href='/admin/dns/{moved.pk}/']")


def test_it_is_closed_to_others(client, alice, domains):
    url = f"/admin/dns/{domains['crepes.fr'].pk}/"
    assert client.get(url, follow=True).redirect_chain[-1][0].startswith("/signin/?next=%2Fadmin%2F")
    assert signed_in(alice).get(url, follow=True).status_code == 403
    assert signed_in(alice).post(f"{url}act/", {"act": "begin"}).status_code == 302
    assert dkimkeys.published("crepes.fr") == []
