"""What to put into the DNS for a domain."""

from __future__ import annotations

from mailserver.services import dkimkeys
from mailserver.services.domains import add_domain
from tests.webmail.reading import only, page, signed_in, texts


def test_it_lists_the_records_of_a_domain(office, domains):
    made = dkimkeys.make("crepes.fr", selector="mail", kind="ed25519")
    tree = page(office.get(f"/admin/dns/{domains['crepes.fr'].pk}/"))
    assert texts(tree, "h1") == ["DNS records of crepes.fr"]
    assert texts(tree, ".record h2") == [
        *("MX", "SPF", "DKIM", "DMARC", "Servers for mail programs", "Settings for mail programs", "Zone file")
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


def test_it_says_how_to_get_a_key(office, domains):
    answer = office.get(f"/admin/dns/{domains['crepes.fr'].pk}/")
    assert "make_dkim_key" in answer.content.decode()


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
