"""The path of a message to hundreds of people, of people with odd names, and what can be done for those left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailserver.store.models import Domain, QueueEntry, QueueRecipient
from tests.support.mail import message
from tests.support.queueing import queued
from tests.support.travelling import travel
from tests.webmail.reading import page as read
from tests.webmail.writing import signed_in
from webmail.rendering.path_groups import DESTINATIONS, FEW, NAMES, grouped
from webmail.rendering.path_map import LONGEST_NAME, clipped

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Shown:
    """As much of a way as groups look at."""

    recipient_id: int
    there: str
    state: str
    failed: bool = False
    may_cancel: bool = False


def ways(count: int, state: str, there: str, start: int = 1, **more: bool) -> list[Shown]:
    return [Shown(number, there, state, **more) for number in range(start, start + count)]


def test_few_names_need_no_groups():
    few = ways(FEW, "handed", "fine.test")
    assert grouped(few, few[0]) == []


def test_what_failed_comes_first_then_what_waits_then_the_rest():
    found = grouped(
        [
            *ways(30, "handed", "fine.test"),
            *ways(5, "deferred", "full.test", 100, may_cancel=True),
            *ways(2, "bounced", "nosuch.test", 200, failed=True),
        ],
        None,
    )
    assert [(group.there, group.count) for group in found] == [("nosuch.test", 2), ("full.test", 5), ("fine.test", 30)]
    assert not any(group.shown for group in found)


def test_many_small_destinations_are_put_together():
    everywhere = [Shown(number, f"place{number}.test", "handed") for number in range(1, 301)]
    found = grouped(everywhere, everywhere[250])
    assert len(found) == DESTINATIONS
    assert sum(group.count for group in found) == 300
    [rest] = [group for group in found if not group.there]
    assert everywhere[250] in rest.shown


@pytest.mark.parametrize(("chosen", "first", "last"), [(1, 1, 50), (50, 1, 50), (51, 51, 100), (500, 451, 500)])
def test_a_group_shows_the_names_around_the_chosen_one(chosen, first, last):
    many = ways(500, "handed", "fine.test")
    [group] = grouped(many, many[chosen - 1])
    assert (group.place, group.last, len(group.shown)) == (first, last, NAMES)
    assert (group.earlier is None) == (first == 1)
    assert (group.later is None) == (last == 500)


def many(alice) -> QueueEntry:
    """500 recipients at five places: handed over, refused, waiting."""
    addresses = [f"person{number}@place{number % 5}.test" for number in range(500)]
    entry = queued(alice, *addresses, sent_copy=True)
    rows = entry.recipients
    rows.filter(domain__in=["place0.test", "place1.test"]).update(
        state="delivered", remote_host="mx.test", reply_code=250, reply_text="OK", finished_at=entry.created_at
    )
    rows.filter(domain="place2.test").update(
        state="bounced", reply_code=550, reply_enhanced="5.1.1", reply_text="No such user", finished_at=entry.created_at
    )
    return entry


def test_five_hundred_recipients_stay_readable(alice):
    entry = many(alice)
    browser = signed_in(alice)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = browser.get(f"/message/{entry.sent_copy_id}/path/").content.decode()
    assert len(queries) < 40
    assert len(page) < 80_000
    assert page.count('class="crowd') == 5
    assert page.count('aria-current="true"') == 1
    assert "and 97 more" in page
    assert "1 to 50 of 100" in page
    assert f'href="/message/{entry.sent_copy_id}/again/"' in page
    assert "To all 100 who did not get it" in page


def test_who_is_alone_at_a_place_stands_there_by_name_and_what_became_of_it_is_true(alice):
    addresses = [f"bob@place{number}.test" for number in range(FEW)]
    entry = queued(alice, *addresses, "ana@full.test", "eve@full.test", sent_copy=True)
    rows = entry.recipients
    rows.update(state="delivered", remote_host="mx.test", reply_code=250, finished_at=entry.created_at)
    rows.filter(address="bob@place1.test").update(state="bounced", reply_code=550, reply_text="No such user")
    nobody = {"reply_code": None, "reply_enhanced": "5.1.2", "reply_text": "The domain place2.test does not exist"}
    rows.filter(address="bob@place2.test").update(state="bounced", remote_host="", **nobody)
    tree = read(signed_in(alice).get(f"/message/{entry.sent_copy_id}/path/"))
    names = [" ".join(line.text(separator=" ").split()) for line in tree.css(".ways li")]
    assert names[:2] == ["B bob@place1.test refused", "B bob@place2.test not delivered"]
    assert "full.test 2 people handed over" in names
    assert "people" not in "".join(name for name in names if "place3" in name)
    assert "Choose a name to see why." in tree.css_first(".lead").text()


def test_all_who_did_not_get_it_are_written_to_again_in_their_fields(alice):
    raw = message(
        sender="alice@crepes.fr", to="Ana <ana@a.test>, Bob <bob@b.test>", extra="Cc: Carol <carol@c.test>\r\n"
    )
    entry = queued(alice, "ana@a.test", "bob@b.test", "carol@c.test", "dan@d.test", raw=raw, sent_copy=True)
    entry.recipients.filter(address="ana@a.test").update(state="delivered", finished_at=entry.created_at)
    entry.recipients.filter(address="bob@b.test").update(state="bounced", finished_at=entry.created_at)
    entry.recipients.filter(address="carol@c.test").update(state="cancelled", finished_at=entry.created_at)
    page = signed_in(alice).get(f"/message/{entry.sent_copy_id}/again/").content.decode()
    fields = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("to", "cc")}
    assert ("bob@b.test" in fields["to"], "ana@a.test" in page, "carol@c.test" in fields["cc"]) == (True, False, True)
    assert "dan@d.test" not in page


@pytest.mark.parametrize("state", ["deferred", "held"])
def test_mail_that_waits_is_stopped_and_edited(alice, state):
    entry = queued(alice, "bob@b.test", sent_copy=True)
    entry.recipients.update(state=state)
    recipient = entry.recipients.get()
    browser, url = signed_in(alice), f"/message/{entry.sent_copy_id}/path/"
    assert 'value="correct"' in browser.get(url).content.decode()
    answer = browser.post(f"{url}act/", {"act": "correct", "to": recipient.pk})
    assert answer.headers["Location"] == f"/message/{entry.sent_copy_id}/again/?to={recipient.pk}"
    assert QueueRecipient.objects.get().state == "cancelled"
    assert 'value="bob@b.test"' in browser.get(answer.headers["Location"]).content.decode()
    assert browser.post(f"{url}act/", {"act": "correct", "to": recipient.pk}).status_code == 404


def test_each_try_tells_where_how_and_what_it_means(alice, domains):
    Domain.objects.filter(name="hamburger.edu").delete()
    entry = travel(alice, extensions=["STARTTLS"], replies={"RCPT": "451 4.7.1 Greylisted, please try again later"})
    page = signed_in(alice).get(f"/message/{entry.sent_copy_id}/path/").content.decode()
    table = page[page.index('<table class="tries">') : page.index("</table>")]
    assert "hamburger.edu does not know us yet and asks to come back later." in table
    assert re.search(r"127\.0\.0\.1 port \d+, encrypted", table)
    assert "<code>451 4.7.1 Greylisted, please try again later</code>" in table
    assert "RCPT TO:&lt;bob@hamburger.edu&gt;" in table


def test_what_strangers_say_cannot_turn_the_page_round(alice, domains):
    Domain.objects.filter(name="hamburger.edu").delete()
    said = "550 5.1.1 \u202etxet\x07\x1b[31m " + "very " * 60
    entry = travel(alice, replies={"RCPT": said})
    page = signed_in(alice).get(f"/message/{entry.sent_copy_id}/path/").content.decode()
    assert not re.search("[\u202a-\u202e\x00-\x08\x0b-\x1f]", page)


def test_long_names_do_not_run_into_each_other():
    assert clipped("Bartholomew-Alexander’s page", LONGEST_NAME) == "Bartholomew-A…"
    assert clipped("Alice’s page", LONGEST_NAME) == "Alice’s page"
