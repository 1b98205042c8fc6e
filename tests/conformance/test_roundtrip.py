"""What was appended comes back: as a whole, in sections, in parts, decoded; every message of the corpora, and worse."""

from __future__ import annotations

import binascii
import logging
import quopri
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

import imapclient
import pytest
from imapclient.response_types import Envelope

from tests.conformance.hostile import LETTERS
from tests.support import corpora, imapvalues
from tests.support.imap_server import Client
from tests.support.imapvalues import Leaf

WHOLE = "RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BINARY.SIZE[] PREVIEW"
PARTIALS = ((0, 1), (1, 40), (100, 1000), (10**9, 5))


@pytest.fixture(autouse=True)
def nothing_goes_wrong(caplog) -> Iterator[None]:
    """What the server did not foresee is logged as an error, and answered SERVERBUG."""
    yield
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.fixture
def client(door) -> Iterator[Client]:
    with door.connect() as made:
        made.log_in(door.account("bob"), door.password)
        made.ok("CREATE Letters")
        yield made


@corpora.needed
@pytest.mark.parametrize("corpus", corpora.MESSAGE_CORPORA)
def test_messages_of_a_corpus_come_back(client, corpus):
    come_back(client, [raw for _, raw in corpora.messages(corpus)])


@pytest.mark.parametrize("name", LETTERS)
def test_hostile_messages_come_back(client, name):
    come_back(client, [LETTERS[name]])


@corpora.needed
@pytest.mark.parametrize("corpus", corpora.MESSAGE_CORPORA)
def test_another_client_reads_them(door, corpus):
    """The library imapclient parses every ENVELOPE and BODYSTRUCTURE."""
    read_by_imapclient(door, [raw for _, raw in corpora.messages(corpus)])


def test_another_client_reads_hostile_messages(door):
    # Its parser calls itself for each level of parentheses.
    read_by_imapclient(door, [raw for name, raw in LETTERS.items() if "nested" not in name])


def come_back(client: Client, letters: Sequence[bytes]) -> None:
    client.ok(b"APPEND Letters" + b"".join(b" {%d+}\r\n%s" % (len(letter), letter) for letter in letters))
    client.ok("SELECT Letters")
    wholes = client.ok(f"FETCH 1:{len(letters)} ({WHOLE})")
    assert len(wholes) == len(letters)
    for number, (letter, response) in enumerate(zip(letters, wholes, strict=True), 1):
        raw = letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        whole = imapvalues.fetched(response)
        check_whole(whole, raw)
        check_parts(client, number, list(imapvalues.leaves(whole["BODYSTRUCTURE"])))
        check_partials(client, number, raw)
    assert client.ok("SEARCH UNSEEN") == [b"SEARCH" + b"".join(b" %d" % at for at in range(1, len(letters) + 1))]


def check_whole(whole: dict[str, Any], raw: bytes) -> None:
    assert whole["BODY[]"] == raw
    assert whole["BODY[HEADER]"] + whole["BODY[TEXT]"] == raw
    assert whole["RFC822.SIZE"] == whole["BINARY.SIZE[]"] == len(raw)
    assert len(whole["ENVELOPE"]) == 10
    assert list(imapvalues.leaves(whole["BODY"])) == list(imapvalues.leaves(whole["BODYSTRUCTURE"]))


def check_parts(client: Client, number: int, leaves: Sequence[Leaf]) -> None:
    """All parts in few commands; each as long as was announced."""
    assert leaves
    for at in range(0, len(leaves), 100):
        some = leaves[at : at + 100]
        (response,) = client.ok(f"FETCH {number} ({' '.join(f'BODY.PEEK[{one.path}]' for one in some)})")
        bodies = imapvalues.fetched(response)
        decoded = fetched_decoded(client, number, some)
        for one in some:
            octets = bodies[f"BODY[{one.path}]"]
            assert len(octets) == one.size, one
            if f"BINARY[{one.path}]" not in decoded:
                continue
            binary = decoded[f"BINARY[{one.path}]"]
            assert len(binary) == decoded[f"BINARY.SIZE[{one.path}]"], one
            assert decoding(octets, one.encoding) in (None, binary), one


def fetched_decoded(client: Client, number: int, leaves: Sequence[Leaf]) -> dict[str, Any]:
    """BINARY and BINARY.SIZE of the parts; without those in an encoding nobody knows (RFC 3516 §4.3)."""
    items = " ".join(f"BINARY.PEEK[{one.path}] BINARY.SIZE[{one.path}]" for one in leaves)
    *found, done = client.do(f"FETCH {number} ({items})")
    if done.startswith(b"OK"):
        return imapvalues.fetched(found[0].removeprefix(b"* "))
    assert done.startswith(b"NO [UNKNOWN-CTE]"), done
    if len(leaves) > 1:
        return {key: value for one in leaves for key, value in fetched_decoded(client, number, [one]).items()}
    (header,) = client.ok(f"FETCH {number} (BODY.PEEK[{leaves[0].path}.MIME])")
    assert b"content-transfer-encoding:" in header.lower()
    return {}


def decoding(octets: bytes, encoding: str) -> bytes | None:
    """By the standard library; None where it and we may differ: what is no clean base64, blanks at ends of lines."""
    if encoding == "base64":
        try:
            return binascii.a2b_base64(b"".join(octets.split()), strict_mode=True)
        except binascii.Error:
            return None
    if encoding == "quoted-printable":
        blanks = any(line != line.rstrip(b" \t\r") + b"\r" * line.endswith(b"\r") for line in octets.split(b"\n"))
        return None if blanks else quopri.decodestring(octets)
    return octets if encoding in ("7bit", "8bit", "binary") else None


def check_partials(client: Client, number: int, raw: bytes) -> None:
    for start, length in PARTIALS:
        (response,) = client.ok(f"FETCH {number} (BODY.PEEK[]<{start}.{length}>)")
        assert imapvalues.fetched(response)[f"BODY[]<{start}>"] == raw[start : start + length]


def read_by_imapclient(door, letters: Sequence[bytes]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with imapclient.IMAPClient("127.0.0.1", door.port, ssl=door.encrypted, ssl_context=context) as client:
        client.login(door.account("bob"), door.password)
        client.multiappend("INBOX", letters)
        client.select_folder("INBOX")
        found = client.fetch(client.search(), ["ENVELOPE", "BODYSTRUCTURE", "RFC822.SIZE", "BODY.PEEK[]"])
        assert len(found) == len(letters)
        for one in found.values():
            assert isinstance(one[b"ENVELOPE"], Envelope)
            assert len(one[b"BODY[]"]) == one[b"RFC822.SIZE"]
            assert one[b"BODYSTRUCTURE"].is_multipart in (True, False)
