"""The page opens whatever others have sent: every message of the corpora, its frame, its source and its files."""

from __future__ import annotations

import pytest

from mailserver.services import messages
from tests.support import corpora
from tests.support.mail import delivered
from tests.webmail.reading import address, signed_in
from webmail.rendering import files


@pytest.mark.slow
@corpora.needed
@pytest.mark.parametrize("path", corpora.parameters())
def test_it_opens_every_message(alice, path):
    place, browser = delivered(alice, path.read_bytes()), signed_in(alice)
    pages = [address(place), "/", *(f"/message/{place.message_id}/{part}/" for part in ("frame", "source", "download"))]
    pages += [file.url for file in files.of(messages.get(alice.pk, place.message_id))]
    pages.append(f"/message/{place.message_id}/attachments.zip")
    codes = {url: browser.get(url).status_code for url in pages}
    assert set(codes.values()) == {200}, codes
