"""The page opens whatever others have sent: every message of the corpora, its frame, its source and its files."""

from __future__ import annotations

import pytest

from mailserver.services import messages, threads
from tests.support import corpora
from tests.support.mail import delivered
from tests.webmail.reading import HTMX, address, signed_in
from webmail.rendering import files


@pytest.mark.slow
@pytest.mark.timeout(300)
@corpora.needed
@pytest.mark.parametrize("folder", corpora.folders())
def test_it_opens_every_message(alice, bob, folder):
    """A folder in one test: to begin takes as long as to open a message. The list, in which all of it stands, is asked
    for by itself and at the end inside of a whole page."""
    browsers, paths, codes = {person: signed_in(person) for person in (alice, bob)}, corpora.paths_in(folder), {}
    for path in paths:
        # The second message of one id would not come to Alice: she has it.
        places = ((person, delivered(person, path.read_bytes())) for person in browsers)
        person, place = next((person, place) for person, place in places if place.mailbox_id)
        browser = browsers[person]
        conversation = address(place)
        codes[path.name, conversation] = browser.get(conversation, headers=HTMX).status_code
        pages = [f"/message/{place.message_id}/{part}/" for part in ("frame", "source", "download")]
        pages += [file.url for file in files.of(messages.get(person.pk, place.message_id))]
        pages.append(f"/message/{place.message_id}/attachments.zip")
        codes |= {(path.name, url): browser.get(url).status_code for url in pages}
    codes |= {("all", url): browser.get(url).status_code for url in ("/", conversation)}
    codes["all", "Alice"] = browsers[alice].get("/").status_code
    assert 0 < len(paths) <= threads.PAGE
    assert set(codes.values()) == {200}, {at: code for at, code in codes.items() if code != 200}
