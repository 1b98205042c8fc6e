"""An account that was stopped: on the overview, on its page, and with its owner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.conf import Alarm
from mailserver.store.models import QueueRecipient, SendingAlarm
from tests.services.test_submission import submit
from tests.webmail.writing import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def alarm(alice, settings) -> SendingAlarm:
    settings.CORREIO = replace(settings.CORREIO, sending_alarm=Alarm(recipients=1))
    submit(alice, to=["dora@outside.example", "carl@example.org"])
    return SendingAlarm.objects.get()


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def states() -> set[str]:
    return set(QueueRecipient.objects.values_list("state", flat=True))


def test_it_is_the_first_thing_on_the_overview_and_stands_on_the_accounts_page(office, alice, alarm):
    overview = text(office.get("/admin/"))
    assert "Outgoing mail of alice@crepes.fr is on hold." in overview
    assert "2 recipients in an hour" in overview
    assert f'href="/admin/alarms/{alarm.pk}/"' in overview
    assert "on hold since" in text(office.get(f"/admin/store/account/{alice.pk}/change/"))


def test_one_click_releases_everything(office, alarm):
    page = text(office.get(f"/admin/alarms/{alarm.pk}/"))
    assert "<h1>alice@crepes.fr is on hold</h1>" in page
    assert "dora@outside.example" in page
    answer = office.post(f"/admin/alarms/{alarm.pk}/act/", {"act": "release"}, follow=True)
    assert "2 released." in text(answer)
    assert states() == {"queued"}
    assert "post@crepes.fr released it" in text(office.get(f"/admin/alarms/{alarm.pk}/"))
    again = office.post(f"/admin/alarms/{alarm.pk}/act/", {"act": "quietly"}, follow=True)
    assert "This alarm is over." in text(again)
    assert states() == {"queued"}


def test_throwing_away_is_asked_for(office, alarm):
    path = f"/admin/alarms/{alarm.pk}/act/"
    assert "<h1>Discard all of it?</h1>" in text(office.post(path, {"act": "discard"}))
    assert states() == {"held"}
    assert "2 discarded." in text(office.post(path, {"act": "quietly"}, follow=True))
    assert states() == {"cancelled"}
    assert office.post(path, {"act": "burn"}).status_code == 404
    assert office.post("/admin/alarms/99999/act/", {"act": "release"}).status_code == 404
    assert office.get("/admin/alarms/99999/").status_code == 404


def test_the_owner_sees_it_and_nobody_else(alice, bob, alarm):
    for path in ("/account/", "/compose/"):
        assert "on hold" in text(signed_in(alice).get(path))
        assert "on hold" not in text(signed_in(bob).get(path))


def test_limits_are_changed_on_the_accounts_page(office, alice):
    url = f"/admin/store/account/{alice.pk}/change/"
    given = {"name": "Alice", "quota": "1", "is_active": "on", "hourly_limit": "40", "daily_limit": ""}
    assert office.post(url, given).status_code == 302
    alice.refresh_from_db()
    assert (alice.hourly_limit, alice.daily_limit) == (40, None)
    assert "changed the sending limits of" in text(office.get("/admin/log/"))


def test_imap_extensions_are_hidden_on_the_accounts_page(office, alice):
    url = f"/admin/store/account/{alice.pk}/change/"
    given = {"name": "Alice", "quota": "1", "is_active": "on", "hidden_capabilities": "notify compress"}
    assert office.post(url, given).status_code == 302
    alice.refresh_from_db()
    assert alice.hidden_capabilities == "NOTIFY COMPRESS"
    assert "changed the IMAP extensions of" in text(office.get("/admin/log/"))
    assert "letters and digits" in text(office.post(url, given | {"hidden_capabilities": "NOTIFY; COMPRESS"}))
