"""Searching for words that have broken other programs: half of what is done with them, so in a file of its own."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.utils.http import urlencode

from mailserver.services import correspondents
from tests.support import corpora
from tests.webmail.markup import dangers
from tests.webmail.reading import HTMX, signed_in
from webmail.rendering import listing


@pytest.mark.slow
@corpora.needed
def test_it_searches_for_every_naughty_string(alice):
    browser = signed_in(alice)
    for number, word in enumerate(corpora.naughty()):
        query = (word, f"from:{word}", f'"{word}')[number % 3]
        assert not listing.of_search(alice.pk, QueryDict(urlencode({"q": query}))).rows
        assert not correspondents.find(account_id=alice.pk, text=word)
        if number % 8 == 0:
            answer = browser.get("/search/", {"q": query}, headers=HTMX)
            assert answer.status_code == 200, word
            assert not dangers(answer.content.decode())
