from __future__ import annotations

import ssl

import pytest

from mailserver.practice.certificates import self_signed
from mailserver.servers.certificate import Certificate


def served(certificate: Certificate) -> bytes:
    """The certificate a client gets now (a handshake in memory)."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(down, up)
    far = certificate.context.wrap_bio(up, down, server_side=True)
    waiting = [near, far]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    return near.getpeercert(binary_form=True) or b""


def test_it_serves_a_renewed_certificate_without_a_restart(tmp_path):
    pem = tmp_path / "server.pem"
    pem.write_bytes(self_signed("old.crepes.fr"))
    certificate = Certificate(pem, None)
    old = served(certificate)
    assert not certificate.refresh()
    pem.write_bytes(self_signed("a-longer-name.crepes.fr"))
    assert certificate.refresh()
    assert served(certificate) != old


@pytest.mark.parametrize("content", [b"", b"half a file", None])
def test_it_keeps_the_old_one_while_the_new_one_is_not_good(tmp_path, content):
    pem = tmp_path / "server.pem"
    pem.write_bytes(self_signed("old.crepes.fr"))
    certificate = Certificate(pem, None)
    old = served(certificate)
    if content is None:
        pem.unlink()
    else:
        pem.write_bytes(content)
    assert not certificate.refresh()
    assert served(certificate) == old
    pem.write_bytes(self_signed("new.crepes.fr"))
    assert certificate.refresh()


def test_it_refuses_to_start_without_a_good_one(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        Certificate(tmp_path / "missing.pem", None)


def test_it_speaks_tls_1_2_or_later(tmp_path):
    pem = tmp_path / "server.pem"
    pem.write_bytes(self_signed())
    assert Certificate(pem, None).context.minimum_version == ssl.TLSVersion.TLSv1_2
