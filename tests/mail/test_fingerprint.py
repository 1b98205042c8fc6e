from __future__ import annotations

from hashlib import sha256

from mailserver.mail.fingerprint import checksum, fingerprint

DIGEST = sha256(b"x").digest()


def test_it_tells_messages_apart_by_each_of_the_three():
    same = fingerprint("a@b", 1, DIGEST)
    assert same == fingerprint("a@b", 1, DIGEST)
    assert len(same) == 32
    others = {fingerprint("a@c", 1, DIGEST), fingerprint("a@b", 2, DIGEST), fingerprint("a@b", 1, bytes(32))}
    assert len(others | {same}) == 4


def test_a_checksum_does_not_depend_on_the_order_but_counts_doubles():
    one, two = fingerprint("1", 1, DIGEST), fingerprint("2", 1, DIGEST)
    assert checksum([one, two]) == checksum([two, one]) == sha256(b"".join(sorted((one, two)))).hexdigest()
    assert checksum([one]) != checksum([one, one])
    assert checksum([]) == sha256().hexdigest()
