"""Keys come, sign once they are seen, and go."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.services import dkimkeys, dkimrotation
from mailserver.store.models import DkimKey
from tests.support.dns import SERVFAIL, FakeEvidence

DAY = timedelta(days=1)


@pytest.fixture
def domain(domains, configure):
    """crepes.fr with its first keys; nothing is published."""
    dkimkeys.prepare("crepes.fr")
    return domains["crepes.fr"]


def zone(*keys: dkimkeys.Published) -> FakeEvidence:
    return FakeEvidence({key.name: [("TXT", key.text)] for key in keys})


def states() -> list[tuple[str, str]]:
    return [(key.kind, key.state) for key in dkimkeys.published("crepes.fr")]


def age(**times: timedelta) -> None:
    """Let the times of all keys be longer ago."""
    for key in DkimKey.objects.all():
        for name, by in times.items():
            if before := getattr(key, name):
                DkimKey.objects.filter(pk=key.pk).update(**{name: before - by})


def publish_and_sign() -> list[dkimkeys.Published]:
    keys = dkimkeys.published("crepes.fr")
    dkimrotation.turn(zone(*keys))
    return keys


def test_first_keys_sign_as_soon_as_their_records_are_seen(domain):
    rsa, ed25519 = dkimkeys.published("crepes.fr")
    dkimrotation.turn(FakeEvidence({"crepes.fr": []}))
    assert states() == [("rsa", "next"), ("ed25519", "next")]
    dkimrotation.turn(zone(rsa))
    assert states() == [("ed25519", "next"), ("rsa", "active")]
    assert dkimkeys.signature(b"From: a@crepes.fr\r\n\r\n", "a@crepes.fr").count(b"DKIM-Signature") == 1
    dkimrotation.look("crepes.fr", zone(rsa, ed25519))
    assert states() == [("rsa", "active"), ("ed25519", "active")]
    assert all(key.seen and key.asked for key in dkimkeys.published("crepes.fr"))


@pytest.mark.parametrize(
    "shown",
    [SERVFAIL, [("TXT", "v=DKIM1; k=rsa; p=")], [("TXT", "v=spf1 -all")], [("TXT", "nonsense")], [("A", "192.0.2.1")]],
    ids=["servfail", "revoked", "spf", "nonsense", "none"],
)
def test_a_key_whose_record_is_not_seen_never_signs(domain, shown):
    keys = dkimkeys.published("crepes.fr")
    dkimrotation.turn(FakeEvidence({key.name: shown for key in keys}))
    assert {state for _, state in states()} == {"next"}
    assert {key.asked is None for key in dkimkeys.published("crepes.fr")} == {shown == SERVFAIL}


def test_the_layout_of_a_record_does_not_matter(domain):
    text = dkimkeys.published("crepes.fr")[0].text.replace("; ", ";").replace("p=", "t=s;p= ")
    name = dkimkeys.published("crepes.fr")[0].name
    dkimrotation.turn(FakeEvidence({name: [("TXT", "other"), ("TXT", text)]}))
    assert ("rsa", "active") in states()


def test_keys_are_followed_after_their_time(domain, configure):
    old = publish_and_sign()
    age(activated_at=179 * DAY)
    dkimrotation.turn(zone(*old))
    assert len(states()) == 2
    age(activated_at=2 * DAY)
    dkimrotation.turn(zone(*old))
    assert states() == [("rsa", "next"), ("ed25519", "next"), ("rsa", "active"), ("ed25519", "active")]
    # Seen, but not for long enough that others cannot remember that there was none.
    both = dkimkeys.published("crepes.fr")
    dkimrotation.turn(zone(*both))
    assert [key.seen is None for key in dkimkeys.published("crepes.fr")] == [False] * 4
    assert ("rsa", "next") in states()
    # Gone again: the wait begins anew.
    dkimrotation.turn(zone(*old))
    assert dkimkeys.published("crepes.fr")[0].seen is None
    dkimrotation.turn(zone(*both))
    age(seen_at=DAY)
    dkimrotation.turn(FakeEvidence({key.name: SERVFAIL for key in both}))
    assert ("rsa", "next") in states()
    dkimrotation.turn(zone(*both))
    assert states() == [("rsa", "active"), ("ed25519", "active"), ("rsa", "retired"), ("ed25519", "retired")]
    assert {key.name for key in old} == {key.name for key in dkimkeys.published("crepes.fr") if key.state == "retired"}


def test_old_records_stay_until_nobody_can_need_them(domain, configure):
    configure(expire_after=5 * DAY)
    old = publish_and_sign()
    dkimrotation.begin("crepes.fr")
    dkimrotation.activate("crepes.fr")
    published = dkimkeys.published("crepes.fr")
    assert [key.removable is None for key in published] == [True, True, False, False]
    gone = zone(*published[:2])
    age(retired_at=11 * DAY)
    dkimrotation.turn(gone)
    assert len(states()) == 4
    age(retired_at=DAY, asked_at=DAY)
    dkimrotation.turn(zone(*old))  # may go, but is still there: it is listed until then
    assert all(key.removable and key.removable < timezone.now() for key in dkimkeys.published("crepes.fr")[2:])
    age(asked_at=DAY)
    dkimrotation.turn(gone)
    assert states() == [("rsa", "active"), ("ed25519", "active")]


def test_records_nobody_takes_away_are_forgotten_in_the_end(domain):
    old = publish_and_sign()
    dkimkeys.make("crepes.fr", kind="ed25519")
    age(retired_at=200 * DAY, asked_at=DAY)
    dkimrotation.turn(zone(*old))
    assert states() == [("rsa", "active"), ("ed25519", "active")]


def test_rotation_can_be_off_and_is_asked_for_then(domain, configure):
    configure(dkim_rotation=None)
    old = publish_and_sign()
    age(activated_at=1000 * DAY)
    dkimrotation.turn(zone(*old))
    assert len(states()) == 2
    output = io.StringIO()
    call_command("rotate_dkim_keys", "Crepes.FR", stdout=output)
    assert [line.rpartition("; ")[2] for line in output.getvalue().splitlines()] == ["next", "next", "active", "active"]
    call_command("rotate_dkim_keys", "crepes.fr", now=True, stdout=io.StringIO())
    assert {key.name for key in old} == {key.name for key in dkimkeys.published("crepes.fr") if key.state == "retired"}
    with pytest.raises(CommandError):
        call_command("rotate_dkim_keys", "example.org")
    with pytest.raises(NotFound):
        dkimrotation.activate("crepes.fr")


def test_it_asks_only_for_what_is_due(domain):
    keys = publish_and_sign()
    again = zone(*keys)
    dkimrotation.turn(again)
    assert again.asked == []
    age(asked_at=timedelta(hours=2))
    dkimrotation.turn(again)
    assert sorted(again.asked) == sorted(f"{key.name} TXT" for key in keys)


def test_a_record_that_disappears_is_told_of_and_goes_on_signing(domain, caplog):
    publish_and_sign()
    age(asked_at=timedelta(hours=2))
    dkimrotation.turn(FakeEvidence())
    assert states() == [("rsa", "active"), ("ed25519", "active")]
    assert caplog.text.count("does not show") == 2
