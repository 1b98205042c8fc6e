from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import mdn
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.headers import Headers
from mailserver.mail.mdn import Receipt
from mailserver.mail.message import parse

BOB = HeaderAddress("Bob", "bob@hamburger.edu")
ORIGINAL = b"From: alice@crepes.fr\r\nSubject: Menu\r\nMessage-ID: <1@crepes.fr>\r\n\r\nDear Bob\r\n"


def receipt(original: bytes = ORIGINAL, *, automatic: bool = False) -> bytes:
    return mdn.build(
        original=original,
        reader=BOB,
        to="alice@crepes.fr",
        date=datetime(2026, 5, 12, 12, 5, tzinfo=UTC),
        message_id="r1@hamburger.edu",
        user_agent="mail.hamburger.edu; Correio",
        automatic=automatic,
    )


def test_a_receipt_is_read_back() -> None:
    assert mdn.parse(receipt()) == Receipt("1@crepes.fr", "bob@hamburger.edu", "displayed", False)
    found = mdn.parse(receipt(automatic=True))
    assert found
    assert found.automatic


def test_a_receipt_is_a_message() -> None:
    parsed = parse(receipt())
    assert parsed.subject == "Read: Menu"
    assert parsed.sender == BOB
    assert parsed.references == ["1@crepes.fr"]
    assert parsed.preview.startswith("Bob confirms: your message was read.")
    assert b"Dear Bob" not in receipt()


def test_it_knows_who_asked() -> None:
    headers = Headers(b"Disposition-Notification-To: Alice <alice@crepes.fr>, c@example.org\r\n")
    assert mdn.requested_by(headers) == [HeaderAddress("Alice", "alice@crepes.fr"), HeaderAddress("", "c@example.org")]
    assert mdn.requested_by(Headers(b"")) == []


def test_letters_and_bounces_are_no_receipts() -> None:
    assert mdn.parse(ORIGINAL) is None
    assert mdn.parse(b"Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; x\n") is None


def test_a_message_without_an_id_is_confirmed_too() -> None:
    found = mdn.parse(receipt(b"Subject: x\r\n\r\n"))
    assert found
    assert found.original_message_id == ""


@given(st.binary(max_size=300))
def test_it_never_raises(raw: bytes) -> None:
    mdn.parse(raw)
    mdn.parse(b"Content-Type: message/disposition-notification\n\n" + raw)
    receipt(raw)
