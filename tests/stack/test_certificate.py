"""The self-signed certificate: made once, for the right names, renewed when it no longer fits."""

from __future__ import annotations

import ipaddress
import ssl

import pytest
import time_machine
from cryptography import x509

from mailserver.stack import certificate


def names(path):
    found = x509.load_pem_x509_certificate(path.read_bytes())
    covered = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(covered.get_values_for_type(x509.DNSName)) | set(covered.get_values_for_type(x509.IPAddress))


LOOPBACK = {"localhost", ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("mx.crepes.fr", LOOPBACK | {"mx.crepes.fr"}),
        ("localhost", LOOPBACK),
        ("192.0.2.7", LOOPBACK | {ipaddress.ip_address("192.0.2.7")}),
        (f"{'a' * 60}.{'b' * 60}.fr", LOOPBACK | {f"{'a' * 60}.{'b' * 60}.fr"}),
    ],
)
def test_it_covers_the_host_name_and_the_loopback(tmp_path, hostname, expected):
    path, _ = certificate.ensure(tmp_path / "tls", hostname)
    assert names(path) == expected


def test_it_makes_a_pair_that_tls_accepts_with_a_key_only_we_can_read(tmp_path):
    path, key = certificate.ensure(tmp_path / "tls", "mx.crepes.fr")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, key)
    assert key.stat().st_mode & 0o777 == 0o600


def test_it_keeps_the_pair_while_it_fits(tmp_path):
    path, _ = certificate.ensure(tmp_path, "mx.crepes.fr")
    before = path.read_bytes()
    certificate.ensure(tmp_path, "mx.crepes.fr")
    assert path.read_bytes() == before
    certificate.ensure(tmp_path, "mail.crepes.fr")
    assert path.read_bytes() != before


def test_it_renews_a_pair_that_is_about_to_expire(tmp_path):
    with time_machine.travel("2020-01-01T00:00:00+00:00"):
        path, _ = certificate.ensure(tmp_path, "mx.crepes.fr")
        before = path.read_bytes()
    certificate.ensure(tmp_path, "mx.crepes.fr")
    assert path.read_bytes() != before
