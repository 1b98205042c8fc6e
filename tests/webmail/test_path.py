from __future__ import annotations

import re

import pytest

from mailserver.services import events, mailboxes, messages
from mailserver.services.domains import add_domain
from mailserver.store.models import Domain, Event, Mailbox, QueueRecipient
from tests.support.mail import delivered, message
from tests.support.queueing import filed_in_sent
from tests.support.travelling import sent, travel
from tests.webmail.writing import signed_in

REFUSAL = {"RCPT bobb@hamburger.edu": "550 5.1.1 No such user here"}
LATER = {"RCPT": "451 4.7.1 Greylisted, please try again later"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _elsewhere(domains):
    Domain.objects.filter(name="hamburger.edu").delete()


def path_page(account, message_id: int, query: str = "") -> str:
    answer = signed_in(account).get(f"/message/{message_id}/path/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def stops(page: str) -> list[str]:
    """What each stop says of itself on the map."""
    return re.findall(r'<circle class="([^"]+)"', page)


def test_it_shows_six_steps_and_the_dialogue(alice):
    page = path_page(alice, travel(alice, extensions=["STARTTLS", "SIZE 52428800"]).sent_copy_id)
    assert stops(page) == ["stop"] * 5 + ["todo"]
    assert "hamburger.edu has taken it for" in page
    assert page.count('class="stop-item') == 6
    for said in (
        "220 mx1.hamburger.edu ESMTP ready",
        "MAIL FROM:&lt;alice@crepes.fr&gt;",
        "250 2.0.0 Queued as 7F3A91",
    ):
        assert said in page
    assert "From here on nobody else can read along" in page
    assert "It is my responsibility now" in page
    assert 'text-anchor="end">hamburger.edu</text>' in page


def test_it_shows_what_the_other_server_reports_later(alice):
    entry = travel(alice)
    for action, colour, words in (
        ("delayed", "stop slow", "not delivered yet, it is still trying."),
        ("delivered", "stop", "delivered to the mailbox of bob@hamburger.edu."),
    ):
        events.record(
            Event.Kind.REPORTED,
            account_id=alice.pk,
            entry_id=entry.pk,
            recipient="bob@hamburger.edu",
            action=action,
            by="<b>mx2</b>",
        )
        page = path_page(alice, entry.sent_copy_id)
        assert stops(page)[4:] == [colour, "todo"]
        assert words in page
        assert "Report of &lt;b&gt;mx2&lt;/b&gt;" in page


def test_it_says_what_went_wrong_and_what_to_do(alice):
    entry = travel(alice, "bobb@hamburger.edu", replies=REFUSAL)
    page = path_page(alice, entry.sent_copy_id)
    assert "Couldn’t deliver to bobb@hamburger.edu: the mailbox does not exist." in page
    assert stops(page)[3] == "halt"
    assert f'href="/message/{entry.sent_copy_id}/again/?to=' in page
    assert 'class="s no"' in page
    assert "550 5.1.1 No such user here" in page
    assert "Try now" not in page


def test_it_opens_what_came_back_for_another_try(alice):
    entry = travel(alice, "bobb@hamburger.edu", replies=REFUSAL)
    recipient = entry.recipients.get()
    browser = signed_in(alice)
    page = browser.get(f"/message/{entry.sent_copy_id}/again/?to={recipient.pk}").content.decode()
    assert 'value="bobb@hamburger.edu"' in page
    assert 'value="Crêpe night"' in page
    assert "Saturday at seven it is.</textarea>" in page
    assert browser.get(f"/message/{entry.sent_copy_id}/again/?to=999999").status_code == 404


def test_it_offers_whom_a_slip_of_the_finger_meant(alice):
    travel(alice)
    for _ in range(2):
        filed_in_sent(alice, message(sender="alice@crepes.fr", to="Bob <bob@hamburger.edu>"))
    entry = travel(alice, "bobb@hamburger.edu", replies=REFUSAL)
    browser = signed_in(alice)
    page = browser.get(f"/message/{entry.sent_copy_id}/path/").content.decode()
    assert "You have written to <strong>bob@hamburger.edu</strong> 3 times" in page
    again = f"/message/{entry.sent_copy_id}/again/?to={entry.recipients.get().pk}&instead=bob%40hamburger.edu"
    assert again.replace("&", "&amp;") in page
    answer = browser.get(again).content.decode()
    assert 'value="bob@hamburger.edu"' in answer
    assert "bobb@" not in answer
    full = travel(alice, "bobb@hamburger.edu", replies={"RCPT": "552 5.2.2 Mailbox full"})
    assert "slip of the finger" not in path_page(alice, full.sent_copy_id)


def test_it_lets_the_author_try_now_and_stop(alice):
    entry = travel(alice, replies=LATER)
    browser, url = signed_in(alice), f"/message/{entry.sent_copy_id}/path/"
    page = browser.get(url).content.decode()
    assert stops(page)[2:4] == ["stop slow", "todo"]
    assert '<table class="tries">' in page
    assert "every 30s" in page
    recipient = entry.recipients.get()
    state = lambda: QueueRecipient.objects.get(pk=recipient.pk).state  # noqa: E731
    answer = browser.post(f"{url}act/", {"act": "retry", "to": recipient.pk})
    assert (answer.headers["Location"], state()) == (f"{url}?to={recipient.pk}", "queued")
    browser.post(f"{url}act/", {"act": "cancel", "to": recipient.pk})
    assert state() == "cancelled"
    page = browser.get(url).content.decode()
    assert "Stop trying" not in page
    assert "every " not in page
    assert browser.post(f"{url}act/", {"act": "bounce", "to": recipient.pk}).status_code == 404


def test_it_shows_the_way_of_each_recipient(alice):
    entry = travel(alice, "bob@hamburger.edu", "bobb@hamburger.edu", replies=REFUSAL)
    page = path_page(alice, entry.sent_copy_id)
    assert stops(page)[3] == "halt"
    bob = entry.recipients.get(address="bob@hamburger.edu")
    assert f'href="?to={bob.pk}"' in page
    assert stops(path_page(alice, entry.sent_copy_id, f"?to={bob.pk}"))[3:5] == ["stop", "stop"]
    assert signed_in(alice).get(f"/message/{entry.sent_copy_id}/path/?to=0").status_code == 404


def test_it_escapes_what_strangers_say(alice):
    entry = travel(alice, replies={"RCPT": "550 5.1.1 <script>alert(1)</script>"})
    assert "<script>alert(1)" not in path_page(alice, entry.sent_copy_id)


def test_it_shows_the_way_in_of_received_mail(alice):
    page = path_page(alice, delivered(alice).message_id)
    assert "It came from hamburger.edu and is in your mailbox." in page
    assert 'x="26" y="68">hamburger.edu</text>' in page
    assert "Try now" not in page


def test_it_says_so_when_a_message_did_not_travel(alice):
    box = mailboxes.by_use(alice.pk, Mailbox.Use.ARCHIVE)
    filed = messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=message())
    page = path_page(alice, filed.message_id)
    assert "This message did not travel." in page
    assert "<svg viewBox" not in page[page.index('id="path"') :]


def test_it_answers_a_live_update_with_the_piece_alone(alice):
    entry = sent(alice)
    answer = signed_in(alice).get(f"/message/{entry.sent_copy_id}/path/", headers={"hx-request": "true"})
    assert b"<!doctype" not in answer.content
    assert b'id="path"' in answer.content
    assert b"every 3s" in answer.content


def test_it_is_nobody_elses(alice, bob_elsewhere):
    entry = travel(alice, replies=LATER)
    browser, url = signed_in(bob_elsewhere), f"/message/{entry.sent_copy_id}/path/"
    recipient = entry.recipients.get()
    assert browser.get(url).status_code == 404
    assert browser.post(f"{url}act/", {"act": "cancel", "to": recipient.pk}).status_code == 404
    assert browser.get(f"/message/{entry.sent_copy_id}/again/?to={recipient.pk}").status_code == 404
    recipient.refresh_from_db()
    assert recipient.state == "deferred"


@pytest.fixture
def bob_elsewhere(domains):
    from mailserver.services.accounts import create_account

    add_domain("elsewhere.example")
    return create_account(address="bob@elsewhere.example", password="buckwheat and cider")
