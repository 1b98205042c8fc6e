"""Every address of the site: strangers are sent to the door, another account's ids lead nowhere."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from mailserver.services import mailboxes, messages, undo
from mailserver.store.models import QueueRecipient
from mailserver.store.models.mailbox import Flag
from tests.services.importing import added
from tests.support.mail import delivered, message
from tests.webmail.reading import box, signed_in, thread
from tests.webmail.site import PROGRAMS

# Open to everybody: the door itself, health, pictures whose address is signed, and what mail programs ask.
OPEN = {"healthz", "signin", "signout", "welcome", "live", "picture", "remote_picture", "mta_sts"} | PROGRAMS
# The dashboard has its own tests.
PATTERNS = [pattern for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)]
NAMED = {pattern.name: pattern for pattern in PATTERNS}


def example(pattern: URLPattern, ids: dict[str, object]) -> str:
    route = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        route = route.replace(f"<{type(converter).__name__.removesuffix('Converter').lower()}:{name}>", str(ids[name]))
        route = route.replace(f"<int:{name}>", str(ids[name])).replace(f"<str:{name}>", str(ids[name]))
    return f"/{route}"


@pytest.fixture
def ids(alice) -> dict[str, object]:
    """Ids of things of Alice, for every name an address may hold."""
    place = delivered(alice)
    raw = message(sender="alice@crepes.fr")
    messages.append(account_id=alice.pk, mailbox_id=box(alice, "drafts").pk, raw=raw, flags=Flag.DRAFT)
    step = undo.record(account_id=alice.pk, title="x")
    return {
        "mailbox_id": place.mailbox_id,
        "thread_id": thread(place),
        "message_id": place.message_id,
        "step_id": step.pk,
        "section": "1",
        "token": "x",
        "recipient_id": 1,
        "external_id": added(alice, 993).pk,
        "entry_id": 1,
        "reference": "QQQQQQQQQQQQ",
    }


def of_one_account() -> list[str]:
    return [name for name, pattern in NAMED.items() if pattern.pattern.converters and name not in OPEN]


@pytest.mark.parametrize("name", [name for name in NAMED if name not in OPEN])
def test_it_sends_strangers_to_the_door(ids, name):
    url = example(NAMED[name], ids)
    for response in (Client().get(url), Client().post(url)):
        assert (response.status_code, response.headers.get("Location", "").partition("?")[0]) in (
            (302, "/signin/"),
            (405, ""),
        )


@pytest.mark.parametrize("name", of_one_account())
def test_it_knows_nothing_of_what_belongs_to_others(ids, charlie, name):
    url, stranger = example(NAMED[name], ids), signed_in(charlie)
    assert QueueRecipient.objects.count() == 0
    codes = {stranger.get(url).status_code, stranger.post(url, {"on": "1"}).status_code}
    assert codes <= {404, 405}
    assert 404 in codes


def test_it_says_the_same_for_an_id_of_others_and_one_that_does_not_exist(ids, charlie):
    stranger = signed_in(charlie)
    theirs = stranger.get(f"/message/{ids['message_id']}/source/")
    nobodys = stranger.get("/message/99999999/source/")
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert len(theirs.content) == len(nobodys.content)


def test_it_tells_browsers_to_trust_nothing(ids, alice):
    for url in ("/", "/signin/", f"/mail/{ids['mailbox_id']}/{ids['thread_id']}/", "/account/"):
        headers = signed_in(alice).get(url).headers
        if url != "/signin/":
            assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "SAMEORIGIN"
        assert headers["Referrer-Policy"] == "same-origin"


def test_it_shows_old_mail_of_a_folder_that_others_cannot_name(ids, alice, charlie):
    house = mailboxes.create(account_id=alice.pk, path="House")
    assert signed_in(charlie).get(f"/mail/{house.pk}/").status_code == 404
    assert signed_in(alice).get(f"/mail/{house.pk}/").status_code == 200
